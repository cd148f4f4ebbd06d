// A line of the last minutes, without axes: which way it goes, not how much it is.

import type { Series } from "../engine/past";

const WIDTH = 120;
const HEIGHT = 28;

interface Props {
  series: Series;
  /** What it is of, for whoever does not see it. */
  label: string;
  /** The least height of the scale: so that noise does not look like a storm. */
  least?: number;
}

export function Spark({ series, label, least = 0 }: Props) {
  const known = series.filter((value): value is number => value !== null);
  if (known.length < 2) return <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const name = `${label}, the last ${Math.max(1, Math.round(series.length / 60))} min`;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={name}
    >
      <path d={line(series, low, Math.max(high - low, least))} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

/** The path of a series; what is unknown is a hole. */
export function line(series: Series, low: number, range: number): string {
  const step = WIDTH / Math.max(1, series.length - 1);
  let text = "";
  let isDown = false;
  series.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const share = range === 0 ? 0.5 : (value - low) / range;
    const y = HEIGHT - 2 - Math.min(1, share) * (HEIGHT - 4);
    text += `${isDown ? "L" : "M"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
  });
  return text;
}
