"""Names of programming languages in Notion's fixed list; an unknown value would be refused."""

from __future__ import annotations

KNOWN = frozenset(
    """abap|abc|agda|arduino|ascii art|assembly|bash|basic|bnf|c|c#|c++|clojure|coffeescript|coq|css|dart|dhall|diff|docker|ebnf|elixir|elm|erlang|
f#|flow|fortran|gherkin|glsl|go|graphql|groovy|haskell|hcl|html|idris|java|javascript|json|julia|kotlin|latex|less|lisp|livescript|llvm ir|lua|
makefile|markdown|markup|matlab|mathematica|mermaid|nix|notion formula|objective-c|ocaml|pascal|perl|php|plain text|powershell|prolog|protobuf|
purescript|python|r|racket|reason|ruby|rust|sass|scala|scheme|scss|shell|smalltalk|solidity|sql|swift|toml|typescript|vb.net|verilog|vhdl|
visual basic|webassembly|xml|yaml|java/c/c++/c#""".replace("\n", "").split("|")
)

ALIASES = {
    "": "plain text", "text": "plain text", "plain": "plain text", "plaintext": "plain text", "txt": "plain text", "output": "plain text",
    "console": "shell", "sh": "shell", "zsh": "shell", "fish": "shell", "cmd": "shell", "bat": "shell", "batch": "shell", "dockerfile": "docker",
    "terraform": "hcl", "tf": "hcl", "yml": "yaml", "ps1": "powershell", "pwsh": "powershell", "py": "python", "js": "javascript",
    "ts": "typescript", "rb": "ruby", "rs": "rust", "golang": "go", "cpp": "c++", "cs": "c#", "csharp": "c#", "md": "markdown", "make": "makefile",
    "jsonc": "json", "json5": "json", "psql": "sql", "mysql": "sql", "postgresql": "sql", "promql": "plain text", "objc": "objective-c", "proto": "protobuf",
    "kt": "kotlin", "patch": "diff", "svg": "xml", "groovy/jenkins": "groovy", "jenkinsfile": "groovy",
}  # fmt: skip


def notion_language(name: str) -> str | None:
    """Notion's name, or None where it has none for this language."""
    known = name.strip().lower()
    known = ALIASES.get(known, known)
    return known if known in KNOWN else None
