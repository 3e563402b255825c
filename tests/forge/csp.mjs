/** Prints the content security policy that Forge puts around the app's pages: node csp.mjs HOST_ORIGIN SERVICE_ORIGIN */

import { createRequire } from "node:module";

const { CSPInjectionService } = createRequire(new URL("../../deploy/forge/package.json", import.meta.url))("@forge/csp");
const [, , hostname, service] = process.argv;
console.log(new CSPInjectionService().getInjectableCSP({ existingCSPDetails: { "connect-src": [service] }, microsEnv: "prod", hostname }).join("; "));
