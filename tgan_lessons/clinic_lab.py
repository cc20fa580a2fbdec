"""Lesson 06's instrument: patients without a name, and treatments of which one may help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan_lessons import clinic, clinic_patients, clinic_view
from tgan_lessons.charts import Chart, Curve, draw_charts
from tgan_lessons.controls import Control, choice, number
from tgan_lessons.film import Film
from tgan_lessons.lab_frame import button
from tgan_lessons.labs import Lab, train_for

if TYPE_CHECKING:
    import ipywidgets as widgets
    from PIL.Image import Image

# In no order that a lesson has, so that the number says nothing.
WARD = ("shared statistics", "D learns in G's turn", "√0", "two ranges", "D never learns",
        "clipped logits", "saturating loss", "predicted fakes")  # fmt: skip
PATIENTS = {"healthy": "", **{f"patient {i}": name for i, name in enumerate(WARD, start=1)}}
CHUNK = 10  # rounds between two readings


class ClinicLab(Lab):
    """A GAN on a ring of eight humps that is ill in one place, or in none.

    Attributes:
        patient: the GAN that is shown.
    """

    def controls(self) -> Sequence[Control]:
        """Who is looked at, what is tried."""
        told = "Acts at once, on the rules only: weights stay as the illness left them."
        return [
            choice("patient", "patient", tuple(PATIENTS), "Each has one rule that is wrong.",
                   renews=True, value="patient 1"),
            choice("treatment", "treatment", tuple(clinic_patients.TREATMENTS), told),
            number("seed", "seed", 0, 9, 0, "Of weights and noise.", renews=True),
        ]  # fmt: skip

    def renew(self) -> None:
        """The patient before its first round, under the treatment that is chosen."""
        name = PATIENTS[self.panel["patient"]]
        self.patient = clinic_patients.admit(name, seed=int(self.panel["seed"]))
        self._ill = self.patient.rules
        self.readings: Film[dict[str, float]] = Film()
        self._last: dict[str, float] = {}
        clinic_patients.treat(self.patient, self.panel["treatment"])
        self.patient.prepare()

    def change(self, names: tuple[str, ...]) -> None:
        """Another treatment: the old one ends, the new one begins."""
        if "treatment" not in names:
            return
        if self.patient.rules != self._ill:
            self.patient.treat(**self._ill.__dict__)
        if clinic_patients.treat(self.patient, self.panel["treatment"]):
            self.say("This treatment changes a rule. Watch, or reset and play from the start.")
        elif self.panel["treatment"] != "none":
            self.say("This treatment changes nothing here.")
        self.patient.prepare()

    def burst(self, seconds: float) -> None:
        """Plays rounds for about `seconds`."""
        train_for(seconds, lambda: self.patient.advance(CHUNK))
        del self.patient.history[:-1]  # the film keeps what the charts show
        far = clinic_patients.distance(self.patient, 150)
        self._last = {**self.patient.history[-1], "distance": far}
        self.readings.add(self._last)

    def step(self) -> str:
        """One round: who moved in whose turn."""
        self._last = {**self._last, **self.patient.advance(1)}
        self.readings.add(self._last)
        d, by_g, g = (self._last[name] for name in ("d_by_d", "d_by_g", "g_by_g"))
        return (
            f"<b>One round.</b> In D's turn D moved by {d:.3g}. In G's turn G moved by {g:.3g}, "
            f"and D by {by_g:.3g}."
        )

    def diagnosis(self) -> str:
        """What this patient has, why, and what cures it."""
        name = PATIENTS[self.panel["patient"]]
        if not name:
            return "Healthy."
        found = clinic.find(clinic_patients.ILLNESSES[name].row)
        return f"{found.row}, {found.name}. Cause: {found.cause}. Cure: {found.cure}."

    def buttons(self) -> list[widgets.Widget]:
        """A button that tells the diagnosis."""
        import html

        self.diagnosis_button = button("diagnosis", "Guess first")
        self.diagnosis_button.add_class("tgan-diagnosis")
        tell = self._guarded(lambda _: self.say(html.escape(self.diagnosis())))
        self.diagnosis_button.on_click(tell)
        return [self.diagnosis_button]

    def draw(self) -> Image:
        """Fakes on D's landscape."""
        return clinic_view.draw(self.patient, 400)

    def draw_charts(self) -> Image:
        """Losses, how far D goes in both turns, gradients."""

        def curve(key: str, name: str, color: str) -> Curve:
            return Curve(name, [entry.get(key, np.nan) for entry in self.readings], color)

        charts = [
            Chart(title, [curve(key, name, color) for key, name, color, _ in lines],
                  log=title in clinic_view.LOG)
            for title, lines in clinic_view.PANELS.items()
        ]  # fmt: skip
        return draw_charts(charts)

    def numbers(self) -> str:
        """Round, losses, steps, distance."""
        if not self._last:
            return "round 0"
        last = self._last
        return (
            f"round {self.patient.round:,}: losses D {last['d_loss']:.3g}, G {last['g_loss']:.3g}; "
            f"D went {last['d_by_d']:.3g} in its turn, {last['d_by_g']:.3g} in G's; distance to "
            f"the data {last.get('distance', np.nan):.2f}"
        )

    def describe(self) -> str:
        """The lab in words."""
        return (
            "Live picture: eight humps of real samples on a ring, the fakes of "
            f"{self.panel['patient']}, and D's opinion as colour of the ground. "
            f"Treatment: {self.panel['treatment']}. {self.numbers()}."
        )
