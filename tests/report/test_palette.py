"""The hues under colour-vision deficiency and against their surface."""

from itertools import combinations

import numpy as np
import pytest

from neuralopt.report.palette import HUES, INK, MUTED, SURFACE, dark_colours, method_styles

# Full protanopia and deuteranopia in linear RGB (Machado, Oliveira and Fernandes 2009).
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_CONE = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    return TO_OKLAB @ np.cbrt(TO_CONE @ np.clip(rgb, 0, 1))


def contrast(a: str, b: str) -> float:
    bright, dim = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (a, b)), reverse=True)
    return float((bright + 0.05) / (dim + 0.05))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_hues_stay_apart(scheme: int, vision: str) -> None:
    seen = [oklab(VISION[vision] @ linear(hue[scheme])) for hue in HUES]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))
    assert nearest >= 0.09  # the often recommended six of Okabe and Ito come to 0.076


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_hues_and_texts_have_contrast(scheme: int) -> None:
    assert min(contrast(hue[scheme], SURFACE[scheme]) for hue in HUES) >= 2.99
    assert contrast(INK[scheme], SURFACE[scheme]) >= 7
    assert contrast(MUTED[scheme], SURFACE[scheme]) >= 4.5


def test_every_light_colour_has_one_dark_partner() -> None:
    assert len(dark_colours()) == len(HUES) + 4


def test_no_two_methods_look_alike_and_the_leaders_differ_in_hue() -> None:
    rows = [{"method": f"m{i}", "rank": i, "family": "gradient"} for i in range(1, 22)]
    rows += [{"method": f"r{i}", "rank": i, "family": "reference"} for i in range(3)]
    other = {"rows": [{"method": "m21", "rank": 1, "family": "gradient"}]}
    styles = method_styles({"tasks": [other, {"rows": rows}]})
    assert len(set(styles.values())) == 24
    assert styles["m21"].dash == "solid"  # best on one task
    assert len({styles[f"m{i}"].colour for i in range(1, 6)} | {styles["m21"].colour}) == 6
    assert {styles[f"r{i}"].colour for i in range(3)} == {MUTED}
