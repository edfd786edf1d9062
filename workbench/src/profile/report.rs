//! What a profile says: tables, folded stacks and JSON.

use std::{collections::BTreeMap, str::FromStr};

use neovm::{Gas, OpCode};
use serde_json::{Value, json};

use super::{Cost, Profile, ROOT};
use crate::show::push;

/// What a table is sorted by, and what a flame graph shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Gas.
    #[default]
    Gas,
    /// Instructions.
    Instructions,
    /// Time.
    Time,
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "gas" => Ok(Self::Gas),
            "instructions" => Ok(Self::Instructions),
            "time" => Ok(Self::Time),
            _ => Err(format!("{text:?} is not gas, instructions or time")),
        }
    }
}

impl Measure {
    /// Returns the measured amount: instructions, picoGAS or nanoseconds.
    pub fn of(self, cost: &Cost) -> u128 {
        match self {
            Self::Gas => cost.gas.pico(),
            Self::Instructions => cost.instructions.into(),
            Self::Time => cost.nanoseconds.into(),
        }
    }
}

/// Something that costs were added up for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The opcode, method, line or contract.
    pub name: String,
    /// What it cost itself.
    pub own: Cost,
    /// The same with what it called; the own cost where nothing is called.
    pub total: Cost,
}

impl Row {
    fn alone(name: impl Into<String>, own: Cost) -> Self {
        Self { name: name.into(), own, total: own }
    }
}

impl Profile {
    /// Returns what the whole execution cost.
    pub fn total(&self) -> Cost {
        let mut total = Cost::default();
        self.nodes.iter().for_each(|node| total += node.own);
        total
    }

    /// Returns the opcodes that ran.
    pub fn opcodes(&self) -> Vec<Row> {
        let row = |opcode: &OpCode| Row::alone(opcode.mnemonic(), self.by_opcode[*opcode as usize]);
        OpCode::ALL.iter().map(row).filter(|row| row.own.instructions > 0).collect()
    }

    /// Returns the contracts and scripts that ran.
    pub fn contracts(&self) -> Vec<Row> {
        let all = self.by_position.iter().enumerate();
        all.map(|(place, positions)| {
            let mut own = Cost::default();
            positions.values().for_each(|cost| own += *cost);
            Row::alone(self.scripts.get(place).name.clone(), own)
        })
        .collect()
    }

    /// Returns the methods and functions that ran, with what they called.
    pub fn methods(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = (0..self.frames.functions().len())
            .map(|function| Row::alone(self.name(function), Cost::default()))
            .collect();
        let totals = self.totals();
        for (place, node) in self.nodes.iter().enumerate().skip(1) {
            rows[node.function].own += node.own;
            // What a function that calls itself costs counts once.
            if !self.callers(node.parent).any(|caller| caller == node.function) {
                rows[node.function].total += totals[place];
            }
        }
        rows
    }

    /// Returns the source lines that ran, as far as there is debug information.
    pub fn lines(&self) -> Vec<Row> {
        let mut lines: BTreeMap<(String, u32), Cost> = BTreeMap::new();
        for (place, positions) in self.by_position.iter().enumerate() {
            let Some(info) = &self.scripts.get(place).debug else { continue };
            for (position, cost) in positions {
                if let Some(point) = info.point_at(*position) {
                    *lines.entry((info.short_name(point.document), point.start.0)).or_default() += *cost;
                }
            }
        }
        lines
            .into_iter()
            .map(|((document, line), own)| Row::alone(format!("{}:{line}", document.escape_debug()), own))
            .collect()
    }

    /// Returns the stacks of functions with what the last one cost itself: a line for
    /// each, the functions separated by semicolons, as tools for flame graphs read it.
    pub fn folded(&self, measure: Measure) -> String {
        let mut out = String::new();
        for (place, node) in self.nodes.iter().enumerate().skip(1) {
            let amount = measure.of(&node.own);
            if amount > 0 {
                let mut path: Vec<String> = self.callers(place).map(|function| self.name(function)).collect();
                path.reverse();
                push(&mut out, format_args!("{} {amount}\n", path.join(";")));
            }
        }
        out
    }

    /// Returns all tables as JSON. Gas is in picoGAS, as text.
    pub fn json(&self) -> Value {
        let table = |rows: Vec<Row>| -> Value {
            let row = |row: Row| json!({"name": row.name, "own": cost_json(&row.own), "total": cost_json(&row.total)});
            rows.into_iter().map(row).collect()
        };
        json!({
            "total": cost_json(&self.total()),
            "contracts": table(self.contracts()),
            "methods": table(self.methods()),
            "lines": table(self.lines()),
            "opcodes": table(self.opcodes()),
        })
    }

    /// The name of a function with that of its contract. Semicolons separate names.
    pub(super) fn name(&self, function: usize) -> String {
        let function = &self.frames.functions()[function];
        let script = &self.scripts.get(function.script).name;
        let name = if function.name.is_empty() { script.clone() } else { format!("{script}.{}", function.name) };
        name.replace(';', ",")
    }

    /// The functions from a node down to the one that nobody called.
    fn callers(&self, mut node: usize) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let here = &self.nodes[node];
            (node != ROOT).then(|| {
                node = here.parent;
                here.function
            })
        })
    }

    /// What each node cost with those below it, which come behind it.
    pub(super) fn totals(&self) -> Vec<Cost> {
        let mut totals: Vec<Cost> = self.nodes.iter().map(|node| node.own).collect();
        for place in (1..totals.len()).rev() {
            let cost = totals[place];
            totals[self.nodes[place].parent] += cost;
        }
        totals
    }
}

fn cost_json(cost: &Cost) -> Value {
    let Cost { instructions, gas, nanoseconds } = cost;
    let mut json = json!({"instructions": instructions, "gas": Gas::pico(*gas).to_string()});
    if *nanoseconds > 0 {
        json["nanoseconds"] = (*nanoseconds).into();
    }
    json
}
