"""The whole way once, over the service's public API: a sample recording becomes a published, reviewable SOP.

    python examples/demo.py [--once] [--port 8800] [RECORDING]

Starts the service on its embedded default (SQLite, local queue, folder storage, a Git folder as knowledge base) with its data in ``var/demo``, uploads
the recording, waits for the SOP, publishes it, and prints where it can be read. Without ``--once`` the service keeps running until Ctrl+C.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "examples" / "recordings" / "database-restore.mp4"
EMAIL = "admin@localhost"
CHUNK_BYTES = 4 * 2**20
READY_WITHIN_S, DONE_WITHIN_S = 90, 900


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--once", action="store_true", help="end when the SOP is published")
    parser.add_argument("--port", type=int, default=8800)
    chosen = parser.parse_args()
    data = ROOT / "var" / "demo"
    password = demo_password(data)
    service = start(data, password, chosen.port)
    try:
        client = Client(f"http://127.0.0.1:{chosen.port}")
        client.wait_until_ready(service)
        client.sign_in(password)
        say("Uploading the sample recording", chosen.recording.name)
        job = client.upload(chosen.recording)
        sop_id = client.wait_for(job)
        publication = client.publish(sop_id)
        tell(client, sop_id, publication, password)
        if not chosen.once:
            print("\nThe service keeps running. Ctrl+C ends it; `make demo` goes on with the same data.")
            service.wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        stop(service)
    return 0


def demo_password(data: Path) -> str:
    """Made at the first run and kept beside the demo's data, so that the next run can sign in again."""
    kept = data / "admin-password"
    if not kept.exists():
        data.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(12))
    return kept.read_text()


def start(data: Path, password: str, port: int) -> subprocess.Popen[bytes]:
    settings = {"SOPWRIGHT_DATA": str(data), "SOPWRIGHT_FIRST_ADMIN_PASSWORD": password, "SOPWRIGHT_LOG_LEVEL": "WARNING"}
    command = [str(Path(sys.executable).with_name("sopwright")), "serve", "--port", str(port)]
    return subprocess.Popen(command, env={**os.environ, **settings}, cwd=ROOT)


def stop(service: subprocess.Popen[bytes]) -> None:
    if service.poll() is None:
        service.send_signal(signal.SIGINT)
        try:
            service.wait(30)
        except subprocess.TimeoutExpired:
            service.kill()


class Client:
    """A few calls of the REST API, as a script of a user would make them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def wait_until_ready(self, service: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if service.poll() is not None:
                raise SystemExit(
                    f"The service did not start (exit code {service.returncode}). Is port {self.url.rsplit(':', 1)[1]} in use? Try --port 8900."
                )
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.3)
        raise SystemExit("The service did not answer in time.")

    def sign_in(self, password: str) -> None:
        answer = self._call("POST", "/session", json={"email": EMAIL, "password": password})
        self._session.headers["X-CSRF-Token"] = answer["csrf_token"]

    def upload(self, recording: Path) -> str:
        """Sends the file by tus and gives the id of the job that works on it."""
        name = base64.b64encode(recording.name.encode()).decode()
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(recording.stat().st_size), "Upload-Metadata": f"filename {name}"}
        made = self._session.post(f"{self.url}/api/v1/uploads", headers=headers, timeout=30)
        made.raise_for_status()
        place, offset = made.headers["Location"], 0
        with recording.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                part = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
                self._session.patch(f"{self.url}{place}", data=chunk, headers=part, timeout=120).raise_for_status()
                offset += len(chunk)
        answer = self._session.get(f"{self.url}{place}", headers={"Tus-Resumable": "1.0.0"}, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["job_id"])

    def wait_for(self, job_id: str) -> str:
        """Shows the stages until the SOP is there; its id."""
        told = ""
        deadline = time.monotonic() + DONE_WITHIN_S
        while time.monotonic() < deadline:
            job = self._call("GET", f"/jobs/{job_id}")
            if job["state"] == "done":
                return str(job["sop_id"])
            if job["state"] in ("failed", "cancelled", "parked"):
                raise SystemExit(f"The recording could not be used: {job['error']}")
            now = f"{job['stage'] or 'waiting'} {job['fraction']:.0%}"
            if now.split()[0] != told.split(" ")[0]:
                say("  Understanding it", now)
            told = now
            time.sleep(0.7)
        raise SystemExit("The SOP was not done in time.")

    def publish(self, sop_id: str) -> dict[str, Any]:
        """Publishes into the Git folder that every new installation has, and waits until it stands there."""
        connections = self._call("GET", "/connections")["items"]
        folder = next(c for c in connections if c["kind"] == "filesystem")
        made = self._call("POST", f"/sops/{sop_id}/publications", json={"connection_id": folder["id"], "interval_days": 90})
        for _ in range(120):
            publication = self._call("GET", f"/publications/{made['id']}")
            if publication["state"] == "published":
                return publication
            if publication["state"] not in ("pending", "publishing", "queued"):
                raise SystemExit(f"Publishing ended as {publication['state']}: {publication.get('message')}")
            time.sleep(0.5)
        raise SystemExit("The SOP was not published in time.")

    def history(self, sop_id: str) -> list[dict[str, Any]]:
        return list(self._call("GET", f"/sops/{sop_id}/revisions")["items"])

    def sop(self, sop_id: str) -> dict[str, Any]:
        return self._call("GET", f"/sops/{sop_id}")

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._session.request(method, f"{self.url}/api/v1{path}", timeout=60, **more)
        if not answer.ok:
            raise SystemExit(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json()) if answer.content else {}


def tell(client: Client, sop_id: str, publication: dict[str, Any], password: str) -> None:
    view = client.sop(sop_id)
    document, summary = view["document"], view["summary"]
    print(f"\n{document['title']}\n{'=' * len(document['title'])}")
    for step in document["steps"]:
        print(f"{step['number']:3}. {step['action']}")
    pictures = sum(1 for step in document["steps"] if step["image"])
    print(f"\n{len(document['steps'])} steps, {pictures} pictures, {len(client.history(sop_id))} revision(s), review due {summary['due']}")
    print(f"Read it:      {client.url}/sops/{sop_id}")
    print(f"In Git:       {publication['url']}")
    print(f"Sign in with: {EMAIL}  {password}")


def say(what: str, more: str) -> None:
    print(f"{what}: {more}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
