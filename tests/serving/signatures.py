"""The signatures of small models: rows, pictures in grey and in colour."""

from typing import Any

Row = dict[str, Any]

FRAUD: Row = {
    "case": "fraud",
    "kind": "binary",
    "inputs": [
        {
            "name": "Amount",
            "dtype": "float",
            "unit": "EUR",
            "description": "Paid",
            "minimum": 0.0,
            "maximum": 100.0,
        },
        {
            "name": "Hour",
            "dtype": "integer",
            "unit": None,
            "description": "",
            "minimum": 0,
            "maximum": 23,
        },
        {"name": "Age", "dtype": "float", "unit": "y", "description": "", "optional": True},
        {
            "name": "Sex",
            "dtype": "string",
            "unit": None,
            "description": "",
            "allowed": ["male", "female"],
        },
    ],
    "output": {
        "name": "probability",
        "description": "probability of fraud",
        "threshold": 0.31,
        "labels": ["normal", "fraud"],
    },
}
MPG: Row = {
    "case": "mpg",
    "kind": "regression",
    "inputs": [
        {
            "name": "Weight",
            "dtype": "float",
            "unit": "lb",
            "description": "",
            "minimum": 1e3,
            "maximum": 5e3,
        }
    ],
    "output": {"name": "mpg", "unit": "miles per gallon", "description": "fuel economy"},
}
STEPS = [255 * step / 9 for step in range(10)]  # of brightness
DIGITS = [str(digit) for digit in range(10)]
MNIST: Row = {
    "case": "mnist",
    "kind": "multiclass",
    "trained_on": "real",
    "inputs": [
        {
            "name": "picture",
            "dtype": "picture",
            "unit": None,
            "description": "One digit",
            "optional": False,
        }
        | {"height": 8, "width": 6, "channels": 1}
    ],
    "output": {
        "name": "probabilities",
        "unit": None,
        "description": "probability of each digit",
        "labels": DIGITS,
    },
}
COLOURS: Row = MNIST | {
    "case": "colours",
    "inputs": [MNIST["inputs"][0] | {"height": 16, "width": 16, "channels": 3}],
    "output": MNIST["output"] | {"labels": ["red", "green", "blue"]},
}
ROWS: dict[str, list[Row]] = {
    "fraud": [{"Amount": 1.5, "Hour": 3, "Age": None, "Sex": "male"}],
    "mpg": [{"Weight": 3000.0}],
}
