"""Whether a download can succeed, found out in seconds; and what to say when it cannot."""

from __future__ import annotations

import os
import ssl
import threading
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rnncli.errors import DataError

__all__ = ["out_of_reach", "reachable"]

_TIMEOUT = 3.0
"""Seconds to wait for a connection; a name server that hangs gets one more."""


def reachable(address: str) -> bool:
    """Whether the host of a URL answers, through the system's proxies; any answer will do.

    Never takes more than about four seconds.
    """
    answered: list[bool] = []
    probe = threading.Thread(target=lambda: answered.append(_answers(address)), daemon=True)
    probe.start()
    probe.join(_TIMEOUT + 1)
    return answered == [True]


def out_of_reach(name: str, sought: str, reason: BaseException | str) -> DataError:
    """The error that names what was wanted, where it was sought, and the three ways out.

    Args:
        name: the data set's name in a config.
        sought: where else than on this machine.
        reason: why that failed.
    """
    why = " ".join(str(reason).split())[:120] or "no answer"
    root = os.environ.get("RNN_DATA")
    local = f"in {root}/{name} (RNN_DATA)" if root else "on this machine (RNN_DATA is not set)"
    sample = "sample-ko" if name == "klue-tc" else "sample-en"
    return DataError(
        f"data set {name}: found neither {local} nor {sought}: {why}; go online, or set data.path "
        f"or RNN_DATA to a local copy, or use the built-in data.name: {sample}"
    )


def _answers(address: str) -> bool:
    try:
        with urlopen(Request(address, method="HEAD"), timeout=_TIMEOUT):
            return True
    except HTTPError:
        return True
    except URLError as error:
        # A certificate this Python does not trust was sent by a host that answers.
        return isinstance(error.reason, ssl.SSLError)
    except (OSError, ValueError):
        return False
