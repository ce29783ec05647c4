"""A household's electric power: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_household(days: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: hours of a meter.

    They have seasons, weekends, days away, noise, and hours not measured.
    """
    rng = np.random.default_rng(seed)
    hours = pd.date_range("2007-01-07", periods=24 * days, freq="h")
    day, hour = np.arange(24 * days) // 24, hours.hour.to_numpy()
    mood = np.zeros(days)
    for i in range(1, days):
        mood[i] = 0.5 * mood[i - 1] + rng.normal(0, 0.15)
    season = 1 + 0.35 * np.cos(2 * np.pi * (day - 20) / 365.25)
    weekend = np.where(hours.day_of_week >= 5, 1.25, 0.95)
    curve = 0.4 + 0.6 * (hour > 6) + 0.8 * ((hour > 17) & (hour < 23))
    away = np.where(rng.random(days) < 0.01, 0.3, 1.0)[day]
    power = 55 * season * weekend * curve * away * np.exp(mood[day] + rng.normal(0, 0.2, len(day)))
    minutes = np.where(rng.random(len(day)) < 0.002, rng.integers(0, 50, len(day)), 60) / 60
    minutes[5000:5030] = 0.0
    share = rng.dirichlet((1, 1, 4, 6), len(day))[:, :3] * (power * 1000 / 60)[:, None]
    sums = {
        "Global_active_power": power,
        "Global_reactive_power": 0.1 * power,
        "Voltage": 60 * rng.normal(240, 2, len(day)),
        "Global_intensity": power / 0.24,
        "Sub_metering_1": share[:, 0],
        "Sub_metering_2": share[:, 1],
        "Sub_metering_3": share[:, 2],
    }
    return pd.DataFrame(
        {"datetime": hours, **{name: values * minutes for name, values in sums.items()}}
    )
