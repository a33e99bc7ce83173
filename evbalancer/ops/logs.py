"""Structured logs: every record, ours or a library's, is one line of JSON (or of colours on a terminal)."""

import logging.config
from collections.abc import Mapping
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class HandshakeRefusals(logging.Filter):
    """uvicorn logs an ERROR for each refused handshake; a wrong key is news for the audit, not an error of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        return (
            "without completing handshake" not in record.getMessage()
            and "connection rejected" not in record.getMessage()
        )


def configure(options: Mapping[str, Any]) -> None:
    """Django's LOGGING_CONFIG hook. `options`: level (a logging name) and format ("json" or "console")."""
    renderer: Any
    if options["format"] == "json":
        renderer = structlog.processors.JSONRenderer()
        last = [structlog.processors.format_exc_info, renderer]
    else:
        last = [structlog.dev.ConsoleRenderer()]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"handshakes": {"()": HandshakeRefusals}},
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
                },
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["handshakes"]},
            },
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                "uvicorn.access": {"level": "WARNING"},
                "django.server": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
                "daphne": {"level": "WARNING"},
                # At INFO it names each address that is asked, and some providers want their token in it.
                "httpx": {"level": "WARNING"},
                "ocpp": {"level": "WARNING"},
                "websockets": {"level": "WARNING"},
            },
        },
    )
