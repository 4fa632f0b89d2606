"""Looks at the settings, the data directory, the master key, and the port."""

import os
import shutil
from urllib.parse import urlsplit

from hub.master_keys import read_keys
from hub.settings import SettingsError, unknown_settings
from ops.doctor.findings import Finding, fail, ok, warn
from ops.installation import Installation
from ops.master_key import is_master_key
from ops.reach import answers, is_free, local_url

_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_LITTLE_SPACE_BYTES = 1_000_000_000  # PostgreSQL's log of changes alone takes half of it


def broken_settings(error: SettingsError) -> list[Finding]:
    """Return a finding for each setting that breaks a rule."""
    return [fail("settings", line, "set it anew, then ask again") for line in error.lines]


def look_at_names() -> list[Finding]:
    """Look for names that mean nothing."""
    unknown = unknown_settings()
    if unknown:
        return [
            warn("settings", f"unknown: {', '.join(unknown)}", "see .env.example for the names")
        ]
    return [ok("settings", "all names are known")]


def look_at_data_directory(installation: Installation) -> list[Finding]:
    """Look whether the data directory can be written and has room."""
    root = installation.place.root
    if not os.access(root, os.W_OK | os.X_OK):
        return [fail("data directory", f"{root} cannot be written", "change its owner or mode")]
    free = shutil.disk_usage(root).free
    if free < _LITTLE_SPACE_BYTES:
        return [
            warn("data directory", f"{free // 1_000_000} MB are left at {root}", "make room soon")
        ]
    return [ok("data directory", f"{root}, {free // 1_000_000_000} GB free")]


def look_at_master_key(installation: Installation) -> list[Finding]:
    """Look whether there is a proper key to seal secrets with."""
    path, setting = installation.master_key_file, installation.settings.master_key
    if path is None:
        return [_sound_key(setting.get_secret_value() if setting else "", "from HUB_MASTER_KEY")]
    if not path.exists():
        return [ok("master key", "none yet; made at the first start")]
    text = path.read_text(encoding="utf-8")
    if not is_master_key(text):
        return [fail("master key", f"{path} is damaged", "put it back from your copy")]
    if path.stat().st_mode & 0o077:
        return [warn("master key", f"{path} can be read by others", f"chmod 600 {path}")]
    return [_sound_key(text, str(path))]


def _sound_key(text: str, place: str) -> Finding:
    if len(read_keys(text)) > 1:
        return warn("master key", f"{place}: a change is unfinished", "hub rotate-master-key")
    return ok("master key", place)


def look_at_public_url(installation: Installation) -> list[Finding]:
    """Look whether browsers will keep the cookie of a session."""
    url = urlsplit(installation.settings.public_url or "")
    if url.scheme != "http" or (url.hostname or "") in _THIS_MACHINE:
        return []
    return [
        warn(
            "signing in",
            f"people reach Hub by {url.scheme}://, where browsers keep no session",
            "end TLS in front of it and set HUB_PUBLIC_URL to its https:// address",
        )
    ]


def look_at_port(installation: Installation) -> list[Finding]:
    """Look whether the API answers or, where Hub does not run here, could listen."""
    url = local_url(installation.settings)
    if answers(f"{url}/readyz"):
        return [ok("api", f"ready at {url}")]
    if is_free(installation.settings):
        return [warn("api", f"nothing listens at {url}", "start Hub with: hub up")]
    return [
        fail("api", f"{url} is taken, and not by a Hub that is ready", "see the log of the api")
    ]
