//! A flame graph as SVG.

use neovm::types::text::beginning;

use super::{Measure, Profile, ROOT};
use crate::show::{self, escaped, push};

/// The width of the picture, and the height of a row, in pixels.
const WIDTH: f64 = 1200.0;
const ROW: usize = 18;

/// The space above and below the graph.
const MARGIN: usize = 40;

/// The width of a letter, on average.
const LETTER: f64 = 7.0;

/// What is narrower is not drawn.
const MIN_WIDTH: f64 = 0.2;

/// A function in the graph.
struct Bar {
    node: usize,
    depth: usize,
    left: f64,
}

impl Profile {
    /// Returns a flame graph as SVG: each function as wide as what it cost with all that
    /// it called, above the function that called it. A bar's tooltip has the figures.
    pub fn flame(&self, measure: Measure) -> String {
        let totals = self.totals();
        let amount = |node: usize| measure.of(&totals[node]);
        let whole = amount(ROOT).max(1);
        let width = |node: usize| amount(node) as f64 / whole as f64 * WIDTH;
        let bars = self.bars(&width);
        let rows = bars.iter().map(|bar| bar.depth + 1).max().unwrap_or(0);
        let height = rows * ROW + 2 * MARGIN;
        let mut svg = head(height, measure);
        for bar in &bars {
            let top = height - MARGIN - (bar.depth + 1) * ROW;
            let name = self.name(self.nodes[bar.node].function);
            let (total, percent) = (amount(bar.node), amount(bar.node) as f64 * 100.0 / whole as f64);
            let title = format!("{name}: {} ({percent:.2} %)", show_amount(measure, total));
            let (left, width) = (bar.left, width(bar.node));
            push(
                &mut svg,
                format_args!(
                    "<g><title>{}</title><rect x=\"{left:.2}\" y=\"{top}\" width=\"{:.2}\" height=\"{}\" fill=\"{}\"/>",
                    escaped(&title),
                    (width - 0.5).max(MIN_WIDTH),
                    ROW - 1,
                    colour(&name)
                ),
            );
            let letters = ((width - 6.0) / LETTER).max(0.0) as usize;
            if letters >= 3 {
                let text = fitted(&name, letters);
                push(
                    &mut svg,
                    format_args!("<text x=\"{:.2}\" y=\"{}\">{}</text>", left + 3.0, top + 13, escaped(&text)),
                );
            }
            svg.push_str("</g>\n");
        }
        svg + "</svg>\n"
    }

    /// The functions that are wide enough to be seen, each after the one that called it.
    fn bars(&self, width: &impl Fn(usize) -> f64) -> Vec<Bar> {
        let mut bars = Vec::new();
        let mut open = vec![(ROOT, 0, 0.0)];
        while let Some((parent, depth, mut left)) = open.pop() {
            let mut children: Vec<usize> = self.nodes[parent].children.values().copied().collect();
            children.sort_by_cached_key(|child| self.name(self.nodes[*child].function));
            for node in children {
                if width(node) >= MIN_WIDTH {
                    bars.push(Bar { node, depth, left });
                    open.push((node, depth + 1, left));
                }
                left += width(node);
            }
        }
        bars
    }
}

fn head(height: usize, measure: Measure) -> String {
    let what = match measure {
        Measure::Gas => "gas",
        Measure::Instructions => "instructions",
        Measure::Time => "time",
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"11.5\">\n\
         <style>rect:hover{{stroke:#222;stroke-width:1}} text{{pointer-events:none}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fbfaf7\" stroke=\"none\"/>\n\
         <text x=\"{}\" y=\"24\" text-anchor=\"middle\" font-size=\"16\">Flame graph by {what}</text>\n",
        WIDTH / 2.0
    )
}

fn show_amount(measure: Measure, amount: u128) -> String {
    match measure {
        Measure::Gas => format!("{} GAS", show::gas(amount.div_ceil(10_000))),
        Measure::Instructions => show::count(u64::try_from(amount).unwrap_or(u64::MAX), "instruction"),
        Measure::Time => format!("{:.1} µs", amount as f64 / 1000.0),
    }
}

/// A warm colour that depends on the name alone, so that a function looks the same in
/// each graph.
fn colour(name: &str) -> String {
    let hash = neovm::crypto::murmur32(name.as_bytes(), 0);
    let part = |shift: u32, from: u32, range: u32| from + (hash >> shift & 0xff) * range / 256;
    format!("rgb({},{},{})", part(0, 205, 50), part(8, 120, 100), part(16, 50, 60))
}

/// A name cut off at a number of letters.
fn fitted(name: &str, letters: usize) -> String {
    if name.chars().count() <= letters {
        return name.into();
    }
    format!("{}..", beginning(name, letters - 2))
}
