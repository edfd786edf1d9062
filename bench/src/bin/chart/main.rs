//! Draws a chart and writes it to standard output as SVG: of times per instruction, or of the time
//! and the disk that transactions take as a chain grows.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin versus-neo-go -- --json PATH-TO-neogo > results.jsonl
//! cargo run --release -p neovm-bench --bin chart -- results.jsonl > docs/performance.svg
//!
//! cargo run --release -p neovm-bench --bin chart -- chain NAME=CURVE.jsonl... > docs/chain.svg
//! ```
//!
//! `chain-curve` makes the files of curves.

#![forbid(unsafe_code)]

mod bars;
mod curves;
mod svg;

use std::{env, fs, process::ExitCode};

use serde::de::DeserializeOwned;

use crate::svg::Error;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let drawn = match &arguments[..] {
        [chain, curves @ ..] if chain == "chain" && !curves.is_empty() => chain_chart(curves),
        [path] if path != "chain" => read(path).and_then(|rows| bars::draw(&rows)),
        _ => {
            eprintln!(
                "usage: chart RESULTS.jsonl > performance.svg\n       chart chain NAME=CURVE.jsonl... > chain.svg"
            );
            return ExitCode::from(2);
        }
    };
    match drawn {
        Ok(picture) => {
            print!("{picture}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn chain_chart(arguments: &[String]) -> Result<String, Error> {
    let curve = |argument: &String| {
        let (name, path) = argument.split_once('=').ok_or_else(|| format!("{argument}: not NAME=CURVE.jsonl"))?;
        Ok((name.to_owned(), read(path)?))
    };
    curves::draw(&arguments.iter().map(curve).collect::<Result<Vec<_>, Error>>()?)
}

/// Reads a line of JSON for each row.
fn read<T: DeserializeOwned>(path: &str) -> Result<Vec<T>, Error> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let rows: Result<Vec<T>, _> = text.lines().map(serde_json::from_str).collect();
    let rows = rows.map_err(|error| format!("{path}: {error}"))?;
    if rows.is_empty() { Err(format!("{path}: no results").into()) } else { Ok(rows) }
}
