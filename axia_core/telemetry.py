"""What of this process is seen from outside, composed from the settings: its log lines and its metrics in CloudWatch.

Off unless the setting `cloudwatch` is on; then nothing is called before there is something to send.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from axia_core.adapters.log import ROOT, JsonLine
from axia_core.adapters.memory_metrics import NoMetrics
from axia_core.masking import hide, hide_password_of
from axia_core.ports import Gauges, Metrics
from axia_core.settings import Settings

# The environment's own secrets; those in Secrets Manager are hidden as they are read.
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def ship_logs(settings: Settings, stream: str, others: Sequence[str] = ()) -> None:
    """Has the lines of every `axia` logger, and warnings of the *others*, sent to *stream* as well.

    The first call of a process counts: a process has one part to play, and one stream.
    """
    hide_secrets(settings)
    if not settings.cloudwatch:
        return
    from axia_core.adapters.cloudwatch import logs

    ours = logging.getLogger(ROOT)
    if any(isinstance(one, logs.CloudWatchLines) for one in ours.handlers):
        return
    handler = logs.connect(settings, stream)
    handler.setFormatter(JsonLine(settings.account))
    ours.setLevel(logging.INFO)
    for name in (ROOT, *others):
        logging.getLogger(name).addHandler(handler)


def hide_secrets(settings: Settings) -> None:
    """Has what the settings and the environment know of secrets masked in every line."""
    hide(settings.mt5_password.get_secret_value(), *(os.environ.get(name) for name in _SECRETS))
    hide_password_of(settings.redis_url)


def metrics_of(settings: Settings) -> Metrics:
    """Where this process publishes its readings."""
    if not settings.cloudwatch:
        return NoMetrics()
    from axia_core.adapters.cloudwatch import metrics

    return metrics.connect(settings)


def gauges_of(settings: Settings) -> Gauges:
    """What the readings are taken of; opened when it is first looked at."""
    from axia_core.adapters.gauges import RealGauges

    return RealGauges(settings)
