"""A forecast by an LSTM: the next day of an hourly temperature, from the three days before it. The weather is made up.

python examples/time_series.py --epochs 10
"""

import argparse

import numpy as np

from gputape import keras

PAST, AHEAD = 72, 24  # hours


def temperatures(days: int, rng):
    """Hourly, (24 * days,): a year's and a day's course, and weather that stays for some days."""
    hours = np.arange(24 * days)
    weather = np.zeros(days + 1)
    for day in range(days):
        weather[day + 1] = 0.8 * weather[day] + rng.normal(0, 2)
    slow = np.interp(hours / 24, np.arange(days + 1), weather)
    daily = (6 + 0.6 * slow) * np.sin(2 * np.pi * (hours - 9) / 24)
    return 10 - 8 * np.cos(2 * np.pi * hours / (24 * 365)) + daily + slow + rng.normal(0, 0.3, len(hours))


def main(epochs: int = 10, days: int = 300, units: int = 32) -> float:
    keras.utils.set_random_seed(0)
    series = temperatures(days, np.random.default_rng(0))
    split = len(series) * 4 // 5
    mean, deviation = series[:split].mean(), series[:split].std()
    scaled = ((series - mean) / deviation).astype("float32")

    def windows(part, shuffle):
        """Batches of (three days, the day after), one beginning every third hour."""
        ahead = np.lib.stride_tricks.sliding_window_view(part[PAST:], AHEAD)
        return keras.utils.timeseries_dataset_from_array(
            part[:-AHEAD, None], ahead, PAST, sequence_stride=3, batch_size=64, shuffle=shuffle, seed=0
        )

    train, test = windows(scaled[:split], True), windows(scaled[split:], False)
    inputs = keras.Input((PAST, 1))
    change = keras.layers.Dense(AHEAD)(keras.layers.LSTM(units)(inputs))
    model = keras.Model(inputs, inputs[:, -AHEAD:, 0] + change)  # tomorrow is as today but for what the net adds
    model.compile(keras.optimizers.Adam(5e-3), "mse", metrics=["mae"])
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
    model.fit(train, epochs=epochs, validation_data=test, callbacks=[plateau], verbose=2)

    _, error = model.evaluate(test, verbose=0)
    same = np.mean([np.abs(y - x[:, -AHEAD:, 0]).mean() for x, y in test.as_numpy_iterator()])
    print(f"Mean error {error * deviation:.2f} degrees; saying that tomorrow is as today: {same * deviation:.2f}.")
    return float(error / same)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--days", type=int, default=300)
    main(**vars(parser.parse_args()))
