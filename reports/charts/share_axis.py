"""The axis of latency by percentile: each further nine is the same distance."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from reports.charts.canvas import PageFormat
from reports.charts.palette import colour_for


def draw_share_axis(axes: Axes, page: PageFormat, nines: float) -> None:
    """Draw ticks and grid lines at 0 %, 50 %, 90 %, 99 % and so on; `nines` is where the axis ends."""
    axes.set_xlim(0, nines)
    shares = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999]
    ticks = [(-np.log10(1 - share), f"{share * 100:.10g}") for share in shares]
    ticks = [(place, text) for place, text in ticks if place <= nines + 1e-9]
    axes.set_xticks([place for place, _ in ticks], [f"{text} %" if page.wide else text for _, text in ticks])
    for place, _ in ticks[1:]:
        axes.axvline(float(place), color=colour_for("rule"), linewidth=0.8, zorder=0.5)
    axes.annotate(
        "share of answers at least as fast" + ("" if page.wide else ", %"),
        (1, 0),
        xycoords="axes fraction",
        xytext=(0, -33),
        textcoords="offset pixels",
        ha="right",
        fontsize=page.font_px,
        color=colour_for("muted"),
    )
