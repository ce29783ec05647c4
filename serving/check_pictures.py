"""Convert a request's pictures to the array a model takes, or list everything wrong with them."""

import binascii
import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from serving.check import Checked, Fault, Refused, kind_of, shown
from serving.pictures import Allowance, BadPicture, Pixels, decoded
from serving.signature import Shape


class PictureReader:
    """Reads instances of one picture each.

    A picture is base64, as JSON can hold it, or the bytes of an encoded picture.
    """

    def __init__(self, name: str, shape: Shape) -> None:
        self.name = name
        self.shape = shape
        # nobody can act on a warning about a client's picture; for good, as to set and reset is not
        # safe among threads
        warnings.filterwarnings("ignore", module=r"PIL\.")

    def read(self, instances: Sequence[object]) -> Checked:
        """Decode pictures one after the other into one array.

        Raises
        ------
        Refused
            If any instance has a fault; it lists them all.
        """
        pictures, allowance = np.empty((len(instances), *self.shape), np.uint8), Allowance()
        faults = [
            fault
            for row, given in enumerate(instances)
            for fault in self._faults(row, given, pictures[row], allowance)
        ]
        if faults:
            raise Refused(iter(faults))
        return Checked({self.name: pictures}, [], 0)

    def _faults(
        self, row: int, instance: object, place: Pixels, allowance: Allowance
    ) -> Iterator[Fault]:
        """Put an instance's picture in its place, or say what is wrong."""
        if not isinstance(instance, dict):
            yield Fault(row, None, f"a row must be an object, not {kind_of(instance)}")
            return
        yield from (
            Fault(row, shown(name), "is no field of this model")
            for name in instance
            if name != self.name
        )
        try:
            if self.name not in instance:
                raise BadPicture("is missing")
            place[:] = decoded(encoded(instance[self.name]), self.shape, allowance)
        except BadPicture as error:
            yield Fault(row, self.name, str(error))


def encoded(value: object) -> bytes:
    """Return an encoded picture's bytes.

    They are given as such, as `{"b64": "..."}`, in base64, or as a data URL.

    Raises
    ------
    BadPicture
        It is none of these, or empty.
    """
    if isinstance(value, dict) and value.keys() == {"b64"}:
        value = value["b64"]
    content = value if isinstance(value, bytes) else _from_base64(value)
    if not content:
        raise BadPicture("is empty")
    return content


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise BadPicture(f'must be {{"b64": "..."}} or a text in base64, not {kind_of(value)}')
    head, _, text = value.partition(",") if value.startswith("data:") else (";base64", "", value)
    if not head.endswith(";base64"):
        raise BadPicture("is a data URL, but none in base64")
    try:
        return binascii.a2b_base64(
            "".join(text.split()), strict_mode=True
        )  # base64 may be wrapped in lines
    except ValueError:
        raise BadPicture("is not base64") from None
