// What the numbers of histograms mean. Pure functions: nothing here knows of files or of the page.
//
// A published array has the counts of its buckets and, at its end, seven numbers: the sum of all samples, the sums of ln(x + 1)
// and of its square, the low and the high 32 bits of the sum of squares, pings, and the id of a leaf. -1 says not reported.

export const percentiles = [5, 25, 50, 75, 95];

export const tail = 7;

// isCategorical tells kinds whose buckets are values, each for itself, from those whose buckets are ranges of numbers.
export function isCategorical(kind) {
  return kind === "boolean" || kind === "flag" || kind === "enumerated";
}

// newSum is the sum of no arrays with n buckets.
export function newSum(n) {
  return {
    counts: new Array(n).fill(0),
    pings: 0,
    samples: 0,
    sum: { of: 0, samples: 0 },
    logs: { of: 0, samples: 0 },
    squares: { of: 0, sum: 0, samples: 0 },
  };
}

// addArray adds a published array to a sum. A statistic that the array does not report is taken from the others: each has its
// own number of samples. It returns false, and adds nothing, for what is no array with this many buckets.
export function addArray(to, array) {
  const n = to.counts.length;
  if (!Array.isArray(array) || array.length !== n + tail || !array.every(Number.isFinite)) {
    return false;
  }
  let samples = 0;
  for (let i = 0; i < n; i++) {
    to.counts[i] += array[i];
    samples += array[i];
  }
  const [sum, log, logSquares, low, high, pings] = array.slice(n);
  to.samples += samples;
  to.pings += pings;
  if (sum !== -1) {
    to.sum.of += sum;
    to.sum.samples += samples;
  }
  const logsAreZero = log === 0 && logSquares === 0 && sum > 0; // left out by old clients
  if (log !== -1 && !logsAreZero) {
    to.logs.of += log;
    to.logs.samples += samples;
  }
  if (low !== -1 && high !== -1 && sum !== -1) {
    to.squares.of += low + high * 2 ** 32;
    to.squares.sum += sum;
    to.squares.samples += samples;
  }
  return true;
}

// addSum adds one sum to another of as many buckets.
export function addSum(to, s) {
  s.counts.forEach((c, i) => (to.counts[i] += c));
  to.pings += s.pings;
  to.samples += s.samples;
  for (const part of ["sum", "logs", "squares"]) {
    for (const field of Object.keys(to[part])) {
      to[part][field] += s[part][field];
    }
  }
}

// mean is null if there are no samples, as are the others.
export function mean(s) {
  return s.sum.samples > 0 ? s.sum.of / s.sum.samples : null;
}

// standardDeviation is that of all samples, for linear kinds.
export function standardDeviation(s, kind) {
  const { of, sum, samples } = s.squares;
  if (kind !== "linear" || samples <= 0) {
    return null;
  }
  return Math.sqrt(Math.max(0, of / samples - (sum / samples) ** 2));
}

// geometricMean is that of x + 1, less 1, for exponential kinds.
export function geometricMean(s, kind) {
  if (kind !== "exponential" || s.logs.samples <= 0) {
    return null;
  }
  return Math.expm1(s.logs.of / s.logs.samples);
}

// percentile estimates where p percent of the samples are below: in proportion inside a bucket, of the logarithm in exponential
// kinds. The last bucket has no end, so all that is known is that the value is at least where it begins; then open is true.
// At says where in the histogram that is: 3.5 is the middle of bucket 3.
export function percentile(s, buckets, kind, p) {
  if (s.samples <= 0) {
    return null;
  }
  const want = (s.samples * p) / 100;
  const last = buckets.length - 1;
  let below = 0;
  for (let i = 0; i < last; i++) {
    const count = s.counts[i];
    if (count > 0 && below + count >= want) {
      const part = (want - below) / count;
      return { value: inside(buckets[i], buckets[i + 1], kind, part), open: false, at: i + part };
    }
    below += count;
  }
  return { value: buckets[last], open: true, at: last };
}

function inside(start, end, kind, part) {
  if (kind === "exponential" && start > 0) {
    return start * (end / start) ** part;
  }
  return start + (end - start) * part;
}

// shares are the parts of all samples that are in each bucket, or up to its end.
export function shares(s, cumulative = false) {
  let below = 0;
  return s.counts.map((count) => {
    below += count;
    return s.samples > 0 ? (cumulative ? below : count) / s.samples : null;
  });
}

// bucketLabel names a bucket: by its value, or by the range of numbers in it, whose end is not.
export function bucketLabel(buckets, kind, i) {
  if (isCategorical(kind)) {
    if (kind !== "enumerated" && i < 2) {
      return kind === "boolean" ? ["false", "true"][i] : ["not set", "set"][i];
    }
    return (i === buckets.length - 1 ? "≥ " : "") + buckets[i];
  }
  return i === buckets.length - 1 ? `≥ ${buckets[i]}` : `${buckets[i]} – ${buckets[i + 1]}`;
}

// fewest is how many pings a day needs to be shown if the reader has not said: 5 % of those of the fullest day, at most 100.
export function fewest(pingsOfDays) {
  return Math.ceil(Math.min(100, 0.05 * pingsOfDays.reduce((a, b) => Math.max(a, b), 0)));
}
