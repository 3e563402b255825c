"""File uploads: announced, sent in one or more parts, completed, attached."""

from __future__ import annotations

from datetime import timedelta
from email.parser import BytesParser
from typing import Any

from tests.contract.notion.fake.answers import stamp
from tests.contract.notion.fake.workspace import BOT, Refused, Workspace


class Files:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.url = ""

    def answer(self, parts: list[str], body: Any) -> Any:
        space = self.workspace
        if not parts:
            upload = {
                "id": space.new_id(),
                "mode": body.get("mode", "single_part"),
                "filename": body.get("filename", "file"),
                "base": self.url,
                "content_type": body.get("content_type"),
                "status": "pending",
                "parts": {},
                "of": body.get("number_of_parts", 1),
                "created": space.now(),
                "attached": False,
            }
            space.uploads[upload["id"]] = upload
            return self._upload_shape(upload)
        upload = self._upload(parts[0])
        if parts[1:] == ["complete"]:
            if len(upload["parts"]) != upload["of"]:
                raise Refused(400, "validation_error", "Not all parts were sent.")
            self._finish(upload)
        return self._upload_shape(upload)

    def _upload(self, identity: str) -> dict[str, Any]:
        found = self.workspace.uploads.get(identity)
        if found is None:
            raise Refused(404, "object_not_found", f"Could not find file upload with ID: {identity}.")
        if not found["attached"] and self.workspace.now() - found["created"] > timedelta(hours=1):
            found["status"] = "expired"
        return found

    def send(self, identity: str, headers: Any, raw: bytes) -> Any:
        upload = self._upload(identity)
        message = BytesParser().parsebytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + raw)
        fields = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}  # type: ignore[union-attr]
        data, number = fields["file"].get_payload(decode=True), int(fields["part_number"].get_payload()) if "part_number" in fields else 1
        if upload["content_type"] and fields["file"].get_content_type() != upload["content_type"]:
            raise Refused(400, "validation_error", "The content type does not match that of the file upload.")
        if upload["mode"] == "single_part" and len(data) > 20 * 1024 * 1024:
            raise Refused(400, "validation_error", "single_part files may have at most 20 MiB.")
        if upload["mode"] == "multi_part" and number < upload["of"] and not 5 * 1024 * 1024 <= len(data) <= 20 * 1024 * 1024:
            raise Refused(400, "validation_error", "Parts must have 5 to 20 MiB.")
        upload["parts"][number] = data
        if sum(map(len, upload["parts"].values())) > self.workspace.max_file_bytes:
            raise Refused(400, "validation_error", "The file is larger than this workspace's limit.")
        if upload["mode"] == "single_part":
            self._finish(upload)
        return self._upload_shape(upload)

    def _finish(self, upload: dict[str, Any]) -> None:
        upload["status"] = "uploaded"
        upload["data"] = b"".join(upload["parts"][n] for n in sorted(upload["parts"]))

    def _upload_shape(self, upload: dict[str, Any]) -> dict[str, Any]:
        shape = {
            "object": "file_upload",
            "id": upload["id"],
            "created_time": stamp(upload["created"]),
            "created_by": {"id": BOT, "type": "bot"},
            "last_edited_time": stamp(upload["created"]),
            "expiry_time": stamp(upload["created"] + timedelta(hours=1)),
            "in_trash": False,
            "status": upload["status"],
            "filename": upload["filename"],
            "content_type": upload["content_type"],
            "content_length": sum(map(len, upload["parts"].values())) or None,
        }
        if upload["status"] == "pending":
            shape["upload_url"] = f"{self.url}/v1/file_uploads/{upload['id']}/send"
        return shape
