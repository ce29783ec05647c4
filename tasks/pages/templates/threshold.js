// The reader moves the threshold and sets costs; counts, money and bands follow.
document.addEventListener("DOMContentLoaded", () => {
  const band = (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    return [at(0.025), at(0.975)];
  };
  const whole = (value) => Math.round(value).toLocaleString("en");
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const shown = { precision: percent, recall: percent };

  const price = (input) => Math.max(0, input.valueAsNumber || 0); // an empty field costs nothing

  const start = (form) => {
    const curve = JSON.parse(form.dataset.curve);
    const last = curve.thresholds.length - 1 || 1;
    const figures = (detected, wrong) => {
      const [alerts, missed] = [detected + wrong, curve.positives - detected];
      const cost = form.cost_alert
        ? alerts * price(form.cost_alert) + missed * price(form.cost_missed)
        : missed + wrong;
      return {
        detected, missed, false_alarms: wrong, alerts, cost,
        precision: detected / Math.max(alerts, 1),
        recall: detected / Math.max(curve.positives, 1),
      };
    };
    const at = (place) => figures(curve.detected[place], curve.false_alarms[place]);
    const resampled = (place) => curve.detected_resampled.map(
      (detected, i) => figures(detected[place], curve.false_alarms_resampled[i][place]),
    );
    const draw = () => {
      const places = curve.thresholds.map((_, place) => place);
      const bands = places.map((place) => band(resampled(place).map((one) => one.cost)));
      const top = Math.max(...bands.map(([, high]) => high), 1);
      const point = (place, cost) => `${(100 * place) / last},${30 - (28 * cost) / top}`;
      const line = places.map((place) => point(place, at(place).cost));
      const high = places.map((place) => point(place, bands[place][1]));
      const low = places.map((place) => point(place, bands[place][0])).reverse();
      form.querySelector(".line").setAttribute("d", `M${line.join("L")}`);
      form.querySelector(".band").setAttribute("d", `M${[...high, ...low].join("L")}Z`);
    };
    const show = () => {
      const place = Number(form.place.value);
      const [here, others] = [at(place), resampled(place)];
      form.querySelector(".at").textContent = curve.thresholds[place].toPrecision(4);
      form.place.setAttribute("aria-valuetext", curve.thresholds[place].toPrecision(4));
      for (const [name, value] of Object.entries(here)) {
        const format = shown[name] ?? whole;
        const [low, high] = band(others.map((one) => one[name]));
        form.querySelector(`[data-figure=${name}]`).textContent = format(value);
        form.querySelector(`[data-band=${name}]`).textContent = `${format(low)} – ${format(high)}`;
      }
      const mark = form.querySelector(".mark");
      for (const end of ["x1", "x2"]) mark.setAttribute(end, (100 * place) / last);
    };
    form.addEventListener("input", (event) => {
      if (event.target !== form.place) draw();
      show();
    });
    form.addEventListener("reset", () => setTimeout(() => { draw(); show(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    draw();
    show();
  };
  document.querySelectorAll("form.threshold").forEach(start);
});
