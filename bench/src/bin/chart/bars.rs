//! Times per instruction of each workload, as bars.

use std::fmt::Write;

use neovm_bench::Spread;
use serde::Deserialize;

use crate::svg::{Error, GREY, end, number, start, text};

/// The recorded times of other engines for a workload, in nanoseconds per instruction. Each is the best of
/// several runs, that of C# on .NET 10 with tiered PGO. On another machine, the comparison is only approximate.
struct Peers {
    id: &'static str,
    /// The times of the C# reference with and without the fees of a node.
    with_fees: f64,
    bare: f64,
    neo_rs: Option<f64>,
}

const fn peers(id: &'static str, with_fees: f64, bare: f64) -> Peers {
    Peers { id, with_fees, bare, neo_rs: None }
}

const PEERS: [Peers; 18] = [
    peers("fib", 41.5, 25.5),
    peers("fib_rec", 43.6, 24.0),
    peers("collatz", 43.9, 27.7),
    peers("count_primes", 42.2, 24.5),
    peers("gcd_sum", 46.3, 24.9),
    peers("amm", 49.8, 31.3),
    peers("sieve", 38.8, 20.6),
    peers("bubble_sort", 43.7, 25.9),
    peers("matmul", 43.7, 25.5),
    peers("ledger", 70.8, 27.2),
    peers("strings", 43.0, 25.8),
    peers("checksum", 47.3, 29.1),
    peers("tries", 38.1, 21.8),
    Peers { neo_rs: Some(55.0), ..peers("loop_sum", 46.0, 26.5) },
    peers("loop_stack", 39.8, 22.8),
    peers("big_muladd", 55.7, 36.3),
    peers("modpow", 378.0, 320.0),
    peers("shuffle", 36.1, 19.5),
];

/// The engines and their colours, in the order of the bars.
const ENGINES: [(&str, &str); 6] = [
    ("neovm, compiled", "#0b7a53"),
    ("neovm, interpreted", "#7cc4a4"),
    ("neo-go", "#6aa9d8"),
    ("C# 3.10.1, with fees", "#8c96a3"),
    ("C# 3.10.1, without", "#c5ccd4"),
    ("neo-rs", "#d89a6a"),
];

/// A line of the output of `versus-neo-go --json`.
#[derive(Deserialize)]
pub(crate) struct Row {
    id: String,
    interpreter: Spread,
    compiled: Spread,
    neo_go: Spread,
}

// Sizes in pixels.
const WIDTH: f64 = 860.0;
const LEFT: f64 = 120.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 104.0;
const BAR: f64 = 11.0;
const GAP: f64 = 11.0;

/// Returns the times for a workload, in the order of [`ENGINES`].
fn bars(row: &Row) -> [Option<f64>; 6] {
    let peers = PEERS.iter().find(|peers| peers.id == row.id);
    let peer = |time: fn(&Peers) -> Option<f64>| peers.and_then(time);
    [
        Some(row.compiled.median),
        Some(row.interpreter.median),
        Some(row.neo_go.median),
        peer(|peers| Some(peers.with_fees)),
        peer(|peers| Some(peers.bare)),
        peer(|peers| peers.neo_rs),
    ]
}

/// A logarithmic scale from a power of ten to slightly above the longest time.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn new(rows: &[Row]) -> Self {
        let times = || rows.iter().flat_map(bars).flatten();
        let least = times().fold(f64::INFINITY, f64::min);
        let most = times().fold(0.0, f64::max);
        Self { low: 10f64.powf(least.log10().floor()), high: most * 1.2 }
    }

    fn x(&self, time: f64) -> f64 {
        LEFT + (time / self.low).log10() / (self.high / self.low).log10() * (WIDTH - LEFT - RIGHT)
    }

    /// Returns the ticks: 1, 2 and 5 times powers of ten.
    fn ticks(&self) -> Vec<f64> {
        let decades = (0..9).map(|exponent| self.low * 10f64.powi(exponent));
        let ticks = decades.flat_map(|decade| [decade, 2.0 * decade, 5.0 * decade]);
        ticks.take_while(|&tick| tick <= self.high).collect()
    }
}

pub(crate) fn draw(rows: &[Row]) -> Result<String, Error> {
    let scale = Scale::new(rows);
    let bar_count: usize = rows.iter().map(|row| bars(row).iter().flatten().count()).sum();
    let bottom = TOP + bar_count as f64 * BAR + rows.len() as f64 * GAP;
    let height = bottom + 30.0;
    let mut svg = start(WIDTH, height);
    text(&mut svg, (20.0, 28.0), "font-size=\"16\" font-weight=\"600\"", "Nanoseconds per VM instruction")?;
    text(&mut svg, (WIDTH - 20.0, 28.0), &format!("text-anchor=\"end\" {GREY}"), "logarithmic; shorter is faster")?;
    legend(&mut svg, rows)?;
    for tick in scale.ticks() {
        let x = scale.x(tick);
        writeln!(svg, "<path d=\"M{x:.1} {TOP}V{bottom:.1}\" stroke=\"#e4e8ec\"/>")?;
        text(&mut svg, (x, TOP - 6.0), &format!("text-anchor=\"middle\" {GREY}"), &number(tick))?;
    }
    let mut y = TOP + GAP / 2.0;
    for row in rows {
        y = draw_row(&mut svg, &scale, row, y)? + GAP;
    }
    let note = "neovm and neo-go: medians of one run. Others: recorded figures, best of several runs; C# on .NET 10.";
    text(&mut svg, (20.0, height - 10.0), GREY, note)?;
    Ok(end(svg))
}

/// Draws the legend, which lists the engines that have a bar.
fn legend(svg: &mut String, rows: &[Row]) -> Result<(), Error> {
    let mut x = 20.0;
    for (i, (name, colour)) in ENGINES.iter().enumerate() {
        if rows.iter().all(|row| bars(row)[i].is_none()) {
            continue;
        }
        writeln!(svg, "<rect x=\"{x}\" y=\"46\" width=\"12\" height=\"12\" fill=\"{colour}\"/>")?;
        text(svg, (x + 17.0, 56.0), "font-size=\"12\"", name)?;
        x += 17.0 + 7.0 * name.len() as f64 + 18.0;
    }
    Ok(())
}

/// Draws the bars of a workload, starting at `y`, and returns the position of their lower end.
fn draw_row(svg: &mut String, scale: &Scale, row: &Row, mut y: f64) -> Result<f64, Error> {
    let start = y;
    for (time, (_, colour)) in bars(row).into_iter().zip(ENGINES) {
        let Some(time) = time else { continue };
        let end = scale.x(time);
        let width = end - LEFT;
        writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
            BAR - 1.0
        )?;
        text(svg, (end + 4.0, y + BAR - 2.5), "font-size=\"9.5\"", &number(time))?;
        y += BAR;
    }
    text(svg, (LEFT - 8.0, (start + y) / 2.0 + 3.5), "text-anchor=\"end\" font-size=\"12\"", &row.id)?;
    Ok(y)
}
