"""Drawing a series of numbers as SVG."""

from collections.abc import Sequence

from markupsafe import Markup

_WIDTH = 280
_HEIGHT = 140
_LEFT = 56
_BOTTOM = 18
_TOP = 8


def line_chart(points: Sequence[tuple[float, float]]) -> Markup:
    """Return a curve through (x, y) points in order of x, with the ends of both axes named.

    A single point is drawn as a dot. Numbers are all that enters the picture.

    Args:
        points: At least one, all finite.
    """
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    left, right = min(xs), max(xs)
    low, high = min(ys), max(ys)
    plot_height = _HEIGHT - _TOP - _BOTTOM
    plot_width = _WIDTH - _LEFT

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = _part(x, left, right), _part(y, low, high)
        return _LEFT + across * (plot_width - 6), _TOP + (1 - up) * plot_height

    placed = [place(x, y) for x, y in points]
    curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    x, y = placed[-1]
    floor = _TOP + plot_height
    return Markup(  # noqa: S704 - numbers are all that enters
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f'<path class="axis" fill="none" d="M{_LEFT},{_TOP}V{floor}H{_WIDTH}"/>'
        f'<text x="{_LEFT - 4}" y="{_TOP + 8}" text-anchor="end">{high:.3g}</text>'
        f'<text x="{_LEFT - 4}" y="{floor}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}">{left:.6g}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 4}" text-anchor="end">{right:.6g}</text>'
        f'<polyline class="curve" points="{curve}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )


def _part(value: float, low: float, high: float) -> float:
    """Return where a value lies between two others: 0 to 1."""
    # Halves, since the whole distance may be more than the largest number.
    distance = high / 2 - low / 2
    return (value / 2 - low / 2) / distance if distance > 0 else 0.5
