//! What transactions take as a chain grows, as curves.

use std::fmt::Write;

use serde::Deserialize;

use crate::svg::{Error, GREY, end, number, start, text};

/// How far a replay was at a moment: a line of `chain-curve`.
#[derive(Deserialize)]
pub(crate) struct Sample {
    blocks: f64,
    transactions: f64,
    /// Seconds of processor time.
    processor: f64,
    /// The size of the folder.
    bytes: f64,
    /// The most memory so far, in KiB.
    peak: f64,
}

/// A name and its samples, in the order of time.
type Curve = (String, Vec<Sample>);

/// A point: blocks, and what is shown over them.
type Point = (f64, f64);

const COLOURS: [&str; 4] = ["#0b7a53", "#b3541e", "#6aa9d8", "#8c96a3"];

// Sizes in pixels.
const WIDTH: f64 = 860.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 90.0;
const PANEL: f64 = 200.0;
const GAP: f64 = 64.0;

pub(crate) fn draw(curves: &[Curve]) -> Result<String, Error> {
    let height = TOP + 3.0 * PANEL + 2.0 * GAP + 40.0;
    let mut svg = start(WIDTH, height);
    text(&mut svg, (20.0, 28.0), "font-size=\"16\" font-weight=\"600\"", "A transaction, as the chain grows")?;
    let mut x = 20.0;
    for ((name, _), colour) in curves.iter().zip(COLOURS) {
        writeln!(svg, "<rect x=\"{x}\" y=\"42\" width=\"12\" height=\"12\" fill=\"{colour}\"/>")?;
        text(&mut svg, (x + 17.0, 52.0), "font-size=\"12\"", name)?;
        x += 17.0 + 7.0 * name.len() as f64 + 18.0;
    }
    let last = curves.iter().filter_map(|(_, samples)| samples.last()).map(|sample| sample.blocks).fold(0.0, f64::max);
    let times: Vec<_> = curves.iter().map(|(_, samples)| times(samples)).collect();
    panel(&mut svg, TOP, last, "microseconds of processor time a transaction, since the point before", &times)?;
    let disk: Vec<_> = curves.iter().map(|(_, samples)| disk(samples)).collect();
    panel(&mut svg, TOP + PANEL + GAP, last, "bytes on disk a transaction, of all so far", &disk)?;
    let memory: Vec<_> = curves.iter().map(|(_, samples)| memory(samples)).collect();
    panel(&mut svg, TOP + 2.0 * (PANEL + GAP), last, "the most memory so far, in MiB", &memory)?;
    text(&mut svg, (WIDTH - RIGHT, height - 6.0), &format!("text-anchor=\"end\" {GREY}"), "blocks")?;
    Ok(end(svg))
}

/// The processor time of a transaction between a sample and the one before.
fn times(samples: &[Sample]) -> Vec<Point> {
    let pairs = samples.windows(2).map(|pair| {
        let [before, sample] = pair else { return (0.0, 0.0) };
        let transactions = sample.transactions - before.transactions;
        (sample.blocks, (sample.processor - before.processor) * 1e6 / transactions.max(1.0))
    });
    pairs.collect()
}

/// The size of the folder for each transaction.
fn disk(samples: &[Sample]) -> Vec<Point> {
    samples.iter().map(|sample| (sample.blocks, sample.bytes / sample.transactions.max(1.0))).collect()
}

fn memory(samples: &[Sample]) -> Vec<Point> {
    samples.iter().map(|sample| (sample.blocks, sample.peak / 1024.0)).collect()
}

/// Draws curves over the number of blocks, between zero and a round number.
fn panel(svg: &mut String, top: f64, last: f64, title: &str, curves: &[Vec<Point>]) -> Result<(), Error> {
    let most = curves.iter().flatten().map(|(_, value)| *value).fold(0.0, f64::max);
    let (step, across) = (round_step(most / 5.0), round_step(last / 8.0));
    let high = (most / step).ceil().max(1.0) * step;
    let place =
        |(blocks, value): Point| (LEFT + blocks / last * (WIDTH - LEFT - RIGHT), top + PANEL - value / high * PANEL);
    text(svg, (20.0, top - 12.0), "font-size=\"12\"", title)?;
    for tick in 0..=(high / step).round() as u32 {
        let value = f64::from(tick) * step;
        let (_, y) = place((0.0, value));
        writeln!(svg, "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"#e4e8ec\"/>", WIDTH - RIGHT)?;
        text(svg, (LEFT - 6.0, y + 4.0), &format!("text-anchor=\"end\" {GREY}"), &number(value))?;
    }
    for tick in 0..=(last / across).floor() as u32 {
        let blocks = f64::from(tick) * across;
        let (x, y) = place((blocks, 0.0));
        text(svg, (x, y + 16.0), &format!("text-anchor=\"middle\" {GREY}"), &number(blocks))?;
    }
    for (points, colour) in curves.iter().zip(COLOURS) {
        let line: Vec<_> = points.iter().map(|point| place(*point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            line.join(" ")
        )?;
    }
    Ok(())
}

/// The next number that is 1, 2 or 5 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least).unwrap_or(10.0 * power)
}
