"""What can be wrong with the settings file of the command line."""

from __future__ import annotations

from seawall_base.errors import SeawallError


class ConfigurationInvalid(SeawallError):
    """The settings file of `--config` is missing, is not TOML, or contains invalid settings."""

    code = "configuration-invalid"
    exit_code = 2
