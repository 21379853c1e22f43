"""Whether a series of samples grows: a straight line through them, and how sure its slope is."""
import dataclasses
import math


@dataclasses.dataclass
class Trend:
    mean: float
    slope: float   # a second
    error: float   # standard error of the slope
    seconds: float

    @property
    def growth(self):
        """What the line rises over the whole series."""
        return self.slope * self.seconds

    @property
    def surely(self):
        """What it rises at least, with 97.5 % certainty; 0 when it may not rise at all."""
        return max(0.0, (self.slope - 1.96 * self.error) * self.seconds)


def fit(samples):
    """`samples`: (seconds, value), three at least."""
    count = len(samples)
    mean_t = sum(t for t, _ in samples) / count
    mean = sum(v for _, v in samples) / count
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    slope = sum((t - mean_t) * (v - mean) for t, v in samples) / spread
    rest = sum((v - mean - slope * (t - mean_t)) ** 2 for t, v in samples)
    error = math.sqrt(rest / max(1, count - 2) / spread)
    return Trend(mean, slope, error, samples[-1][0] - samples[0][0])


@dataclasses.dataclass(frozen=True)
class Limit:
    """How much a figure may surely rise over the time that is looked at, before that counts as growing."""
    part: float      # of its mean
    amount: float    # at least so much, for figures near nothing

    def allows(self, trend):
        return trend.surely <= max(self.part * abs(trend.mean), self.amount)


WARM_UP = 1 / 3  # of a series: caches fill, tables reach the size at which vacuum keeps them


def steady_part(samples):
    return samples[math.ceil(len(samples) * WARM_UP):]
