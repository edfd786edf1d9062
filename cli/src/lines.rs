//! Lines of JSON in, lines of JSON out: one for each, in order.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use anyhow::{Context, Result, anyhow, bail, ensure};
use neovm::types::json::file;
use serde::Deserialize;

use crate::{json::push_text, show, terminal};

/// The longest line, in bytes; the rest of a longer one is skipped.
pub(crate) const MAX_LINE: usize = 64 << 20;

/// How many lines there were.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    /// Lines that were answered with an error.
    pub(crate) malformed: u64,
}

impl Counts {
    /// An error if lines were malformed.
    pub(crate) fn check(&self) -> Result<()> {
        let are = if self.malformed == 1 { "is" } else { "are" };
        ensure!(self.malformed == 0, "{} of {} {are} malformed", self.malformed, show::count(self.lines, "line"));
        Ok(())
    }
}

/// Answers each line of standard input with a line on standard output. Where
/// `answer` fails, that line is `{"line":N,"error":"..."}`. `progress` hears of
/// each line that was answered.
pub(crate) fn answer_lines(
    progress: impl FnMut(u64),
    mut answer: impl FnMut(&[u8], &mut String) -> Result<()>,
) -> Result<Counts> {
    answer_some_lines(progress, |line, out| answer(line, out).map(|()| true))
}

/// Answers lines as [`answer_lines`] does, but those not for which `answer` returns false.
pub(crate) fn answer_some_lines(
    mut progress: impl FnMut(u64),
    mut answer: impl FnMut(&[u8], &mut String) -> Result<bool>,
) -> Result<Counts> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 16, terminal::output());
    let (mut line, mut out) = (Vec::new(), String::new());
    let mut counts = Counts::default();
    while let Some(fits) = next_line(&mut input, &mut line).context("cannot read standard input")? {
        counts.lines += 1;
        out.clear();
        let too_long = || Err(anyhow!("the line has more than {MAX_LINE} bytes"));
        let answered = if fits { answer(&line, &mut out) } else { too_long() };
        if matches!(answered, Ok(false)) {
            continue;
        }
        if let Err(error) = answered {
            counts.malformed += 1;
            out.clear();
            crate::json::push(&mut out, format_args!("{{\"line\":{},\"error\":", counts.lines));
            push_text(&mut out, Some(&format!("{error:#}")));
            out.push('}');
        }
        out.push('\n');
        output.write_all(out.as_bytes()).context("cannot write to standard output")?;
        progress(counts.lines);
        // Whoever sends one line at a time waits for its answer.
        if input.buffer().is_empty() {
            output.flush().context("cannot write to standard output")?;
        }
    }
    output.flush().context("cannot write to standard output")?;
    Ok(counts)
}

/// Reads the next line, without its line break, and returns whether all of it
/// fitted; none at the end of the input.
pub(crate) fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let size = input.take(MAX_LINE as u64 + 1).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if size > MAX_LINE {
        input.skip_until(b'\n')?;
        return Ok(Some(false));
    }
    Ok((size > 0).then_some(true))
}

/// The fields of a line.
pub(crate) fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T> {
    match line.trim_ascii().first() {
        None => bail!("the line is empty"),
        Some(b'{') => {}
        Some(_) => bail!("the line is no object: it has to start with {{"),
    }
    // To the reader, each line is the first of its own text.
    file::read(line).map_err(|error| anyhow!("column {}: {}", error.column, error.what))
}
