//! `neovm mine`: blocks without transactions.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use neovm::types::text::quoted;

use super::{Data, names};
use crate::{place::line, show, terminal};

/// How many blocks are written at a time.
const AT_A_TIME: u32 = 1000;

/// Make blocks without transactions on a private chain, as time goes by
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm mine --data mychain                  # one block
  neovm mine 100 --data mychain
  neovm mine --time +30d --data mychain      # a block thirty days after the last one")]
pub(crate) struct MineArgs {
    /// How many blocks
    #[arg(value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    blocks: u32,
    /// The time stamp of the first one: milliseconds since 1970, or so much after the last
    /// block: +500ms, +10s, +5m, +2h, +30d. Those behind it come as far apart as the network's
    /// blocks do. Unless given, the time of the first one is now
    #[arg(long, value_name = "T")]
    time: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the height, hash and time stamp of the last block
    #[arg(long)]
    json: bool,
}

pub(crate) fn mine(args: &MineArgs) -> Result<ExitCode> {
    let mut chain = args.data.open()?;
    let last = chain.blockchain().last_header().map_or(0, |last| last.timestamp);
    let time = args.time.as_deref().map(|text| time(text, last)).transpose()?;
    let interval = u64::from(names::view(&chain).milliseconds_per_block()?);
    for i in 0..args.blocks {
        let time = time.map(|time| time.saturating_add(interval.saturating_mul(i.into())));
        chain.mine(&[], time)?;
        if i % AT_A_TIME == AT_A_TIME - 1 {
            chain.flush()?;
        }
    }
    chain.flush()?;
    let last = chain.blockchain().last_header().context("there is no block")?;
    let (height, hash, time) = (last.index, last.hash(), last.timestamp);
    let mut out = String::new();
    if args.json {
        out = format!("{{\"height\":{height},\"hash\":\"{hash}\",\"time\":{time}}}\n");
    } else {
        line(&mut out, "mined", &show::count(args.blocks.into(), "block"));
        line(&mut out, "height", &height.to_string());
        line(&mut out, "hash", &hash.to_string());
        line(&mut out, "time", &format!("{time} ms"));
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a time stamp, which may be given by the one before it.
fn time(text: &str, last: u64) -> Result<u64> {
    /// The end of the year 9999: no block could follow the last time that there is.
    const MAX: u64 = 253_402_300_799_999;
    let time = any_time(text, last)?;
    ensure!(time <= MAX, "the time {time} lies behind the year 9999");
    Ok(time)
}

fn any_time(text: &str, last: u64) -> Result<u64> {
    const TIMES: &str = "milliseconds since 1970, or +N with ms, s, m, h or d behind it";
    let refused = || anyhow!("{} is no time: {TIMES}", quoted(text));
    let Some(later) = text.strip_prefix('+') else { return text.parse().map_err(|_| refused()) };
    let end = later.find(|character: char| !character.is_ascii_digit()).unwrap_or(later.len());
    let (number, unit) = later.split_at(end);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(refused()),
    };
    let milliseconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    milliseconds.and_then(|later| last.checked_add(later)).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_given_or_follow_the_last_one() {
        for (text, expected) in [("7", 7), ("+5ms", 105), ("+1s", 1100), ("+2m", 120_100), ("+1d", 86_400_100)] {
            assert_eq!(time(text, 100).unwrap(), expected);
        }
        for text in
            ["", "+", "+5", "5s", "+s", "+1y", "-1", "+99999999999999999999d", "+9999999999d", "253402300800000"]
        {
            assert!(time(text, 100).is_err(), "{text}");
        }
    }
}
