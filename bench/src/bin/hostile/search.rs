//! Searches for loops that buy the most time or memory: first every instruction and every pair of
//! instructions with selected items, and then random changes of the best loops.

use std::time::{Duration, Instant};

use neovm::JitMode;

use crate::{
    Error,
    run::{ENGINES, GAS, Taken, run, script},
    shapes::{Shape, THINGS, instructions},
};

/// The gas of a trial and that of a row of the table, in datoshi. Times in the table are extrapolated
/// to 20 GAS.
const TRY: i64 = GAS / 10;
const TABLE: i64 = GAS / 2;

/// The number of loops that are kept and printed.
const KEPT: usize = 20;

/// The items with which pairs of instructions are tried.
const STACKS: [&[&str]; 18] = [
    &["2", "2", "2"],
    &["wide", "odd"],
    &["wide", "wide", "odd"],
    &["bytes32", "bytes32"],
    &["string", "string"],
    &["buffer"],
    &["buffer", "2"],
    &["array", "2"],
    &["array"],
    &["arrays", "2"],
    &["arrays"],
    &["struct", "struct"],
    &["structs", "structs"],
    &["shared", "shared"],
    &["many"],
    &["map", "2"],
    &["map64", "bytes64"],
    &["deep"],
];

/// A shape and its costs.
struct Found {
    shape: Shape,
    nanoseconds: f64,
    bytes: f64,
}

struct Search {
    instructions: Vec<String>,
    tried: usize,
    /// The best shapes by time and by memory.
    slow: Vec<Found>,
    large: Vec<Found>,
    random: u64,
}

pub(crate) fn print(seconds: &str) -> Result<(), Error> {
    let seconds = Duration::from_secs(seconds.parse()?);
    let mut search = Search { instructions: instructions(), tried: 0, slow: vec![], large: vec![], random: 1 };
    search.singles()?;
    eprintln!("instructions alone: {} loops", search.tried);
    search.pairs()?;
    eprintln!("with pairs: {} loops", search.tried);
    let begun = Instant::now();
    while begun.elapsed() < seconds {
        search.change()?;
    }
    println!("{} loops tried.\n", search.tried);
    search.print_table()
}

impl Search {
    fn singles(&mut self) -> Result<(), Error> {
        let things = 0..THINGS.len();
        let mut stacks: Vec<Vec<usize>> = things.clone().map(|one| vec![one]).collect();
        stacks.extend(things.clone().flat_map(|a| things.clone().map(move |b| vec![a, b])));
        for stack in stacks {
            for one in 0..self.instructions.len() {
                self.try_both(&stack, &[one])?;
            }
        }
        Ok(())
    }

    fn pairs(&mut self) -> Result<(), Error> {
        for names in STACKS {
            let index = |name: &&str| THINGS.iter().position(|thing| thing.0 == *name).ok_or("no such thing");
            let stack = names.iter().map(index).collect::<Result<Vec<_>, _>>()?;
            for first in 0..self.instructions.len() {
                for second in 0..self.instructions.len() {
                    self.try_both(&stack, &[first, second])?;
                }
            }
        }
        Ok(())
    }

    /// Tries a random change of one of the best shapes.
    fn change(&mut self) -> Result<(), Error> {
        let from_slow = self.below(3) > 0;
        let index = self.below(KEPT);
        let best = if from_slow { &self.slow } else { &self.large };
        let Some(found) = best.get(index % best.len().max(1)) else { return Ok(()) };
        let mut shape = found.shape.clone();
        for _ in 0..=self.below(2) {
            let (thing, one) = (self.below(THINGS.len()), self.below(self.instructions.len()));
            let (at, within) = (self.below(shape.body.len() + 1), self.below(shape.stack.len() + 1));
            match self.below(7) {
                0 | 1 if shape.body.len() < 8 => shape.body.insert(at, one),
                2 if at < shape.body.len() => shape.body[at] = one,
                3 if at < shape.body.len() && shape.body.len() > 1 => drop(shape.body.remove(at)),
                4 if shape.stack.len() < 5 => shape.stack.insert(within, thing),
                5 if within < shape.stack.len() => shape.stack[within] = thing,
                _ => shape.is_fresh = !shape.is_fresh,
            }
        }
        self.consider(shape)
    }

    /// Returns a random number below a bound. The generator (xorshift) starts with a fixed seed, so that
    /// every search is the same.
    fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % bound as u64) as usize
    }

    fn try_both(&mut self, stack: &[usize], body: &[usize]) -> Result<(), Error> {
        for is_fresh in [true, false] {
            self.consider(Shape { stack: stack.to_vec(), is_fresh, body: body.to_vec() })?;
        }
        Ok(())
    }

    /// Runs a shape and keeps it if it is among the best in three consecutive runs, because other load
    /// on the machine may distort a single run.
    fn consider(&mut self, shape: Shape) -> Result<(), Error> {
        self.tried += 1;
        let mut found = Found { shape, nanoseconds: f64::INFINITY, bytes: 0.0 };
        for _ in 0..3 {
            let Some(taken) = measure(&found.shape, &self.instructions, JitMode::Off, TRY)? else { return Ok(()) };
            found.nanoseconds = found.nanoseconds.min(taken.nanoseconds_a_unit());
            found.bytes = taken.bytes as f64;
            let is_among = |best: &[Found], by: fn(&Found) -> f64| {
                best.len() < KEPT || best.last().is_some_and(|last| by(last) < by(&found))
            };
            if !is_among(&self.slow, |found| found.nanoseconds) && !is_among(&self.large, |found| found.bytes) {
                return Ok(());
            }
        }
        keep(&mut self.slow, &found, |found| found.nanoseconds);
        keep(&mut self.large, &found, |found| found.bytes);
        Ok(())
    }

    fn print_table(&self) -> Result<(), Error> {
        println!("Most time in the interpreter; seconds are for 20 GAS\n");
        self.print_best(&self.slow)?;
        println!("\nMost memory\n");
        self.print_best(&self.large)
    }

    fn print_best(&self, best: &[Found]) -> Result<(), Error> {
        println!("| loop | ns a unit | interp s | eager s | auto s | bytes a unit | MiB |");
        println!("|---|--:|--:|--:|--:|--:|--:|");
        let seconds = |taken: &Taken| taken.nanoseconds_a_unit() * (20 * GAS / 30) as f64 / 1e9;
        for found in best {
            print!("| {} |", found.shape.name(&self.instructions));
            let mut times = String::new();
            for (_, jit) in ENGINES {
                let Some(taken) = measure(&found.shape, &self.instructions, jit, TABLE)? else { continue };
                if times.is_empty() {
                    print!(" {:.1} |", taken.nanoseconds_a_unit());
                    times = format!("| {:.1} | {:.2} |", taken.bytes_a_unit(), taken.mebibytes());
                }
                print!(" {:.2} |", seconds(&taken));
            }
            println!("{}", times.trim_start_matches('|'));
        }
        Ok(())
    }
}

/// Keeps a shape if it is among the best by a measure. Of the variants with the same body, only the
/// best is kept.
fn keep(best: &mut Vec<Found>, found: &Found, by: fn(&Found) -> f64) {
    if best.len() >= KEPT && best.last().is_some_and(|last| by(last) >= by(found)) {
        return;
    }
    let is_variant = |own: &Found| own.shape.body == found.shape.body && own.shape.is_fresh == found.shape.is_fresh;
    if let Some(index) = best.iter().position(is_variant) {
        if by(&best[index]) >= by(found) {
            return;
        }
        best.remove(index);
    }
    let index = best.partition_point(|own| by(own) >= by(found));
    best.insert(index, Found { shape: found.shape.clone(), ..*found });
    best.truncate(KEPT);
}

/// Runs a loop. Returns `None` if an iteration leaves fewer items than it found or faults at once.
fn measure(shape: &Shape, instructions: &[String], jit: JitMode, gas: i64) -> Result<Option<Taken>, Error> {
    let drops = if shape.is_fresh {
        let Ok(once) = script(&shape.text(instructions, None)) else { return Ok(None) };
        let taken = run(&once, JitMode::Off, gas)?;
        if taken.outcome != neovm::Outcome::Halt {
            return Ok(relevant(taken));
        }
        taken.results
    } else {
        0
    };
    let Ok(endless) = script(&shape.text(instructions, Some(drops))) else { return Ok(None) };
    Ok(relevant(run(&endless, jit, gas)?))
}

/// Returns the run if it paid enough for a reliable measurement or allocated much memory.
fn relevant(taken: Taken) -> Option<Taken> {
    let is_long = taken.units > (TRY / 30 / 2) as f64;
    (is_long || taken.bytes > 4 << 20).then_some(taken)
}
