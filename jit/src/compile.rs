//! A region from its entry to machine code, with the methods that it calls.

use std::{collections::BTreeSet, sync::Arc};

use neovm_interp::{
    Code,
    tier::{Seen, layout::ArrayLayout},
};

use crate::{
    Refusal,
    methods::Methods,
    module::Machine,
    region::Region,
    stats::ExitRecord,
    translate::{Gives, Input, signature, translate},
};

/// How often a region is made until all agree about the methods that it calls.
const MAX_ROUNDS: usize = 8;

/// What a region is compiled from.
pub(crate) struct Job<'a> {
    pub(crate) code: &'a Code,
    pub(crate) entry: usize,
    pub(crate) seen: &'a Seen,
    /// Instructions of which nothing is to be taken for granted.
    pub(crate) distrusted: &'a BTreeSet<usize>,
    pub(crate) arrays: Option<ArrayLayout>,
    pub(crate) number: u32,
    pub(crate) wants_text: bool,
}

/// What became of it.
pub(crate) struct Compiled {
    pub(crate) machine: Machine,
    pub(crate) exits: Vec<Arc<ExitRecord>>,
    pub(crate) region: Region,
    /// Instructions, those of methods that are called included.
    pub(crate) instructions: usize,
}

/// What is known of the methods that are called, and found out when they are
/// translated.
#[derive(Default)]
struct Known {
    /// Those that give booleans.
    booleans: BTreeSet<usize>,
    /// Those that are left to the interpreter.
    refused: Vec<usize>,
    again: bool,
}

/// Compiles a region.
pub(crate) fn compile(job: &Job<'_>) -> Result<Compiled, Refusal> {
    let mut known = Known::default();
    for _ in 0..MAX_ROUNDS {
        let (region, methods) = Methods::region(job.code, job.entry, &known.refused)?;
        known.again = false;
        let made = attempt(job, &region, &methods, &mut known);
        if known.again {
            continue;
        }
        let (machine, exits) = made?;
        let called: usize = methods.found.values().map(|method| method.region.instructions).sum();
        let instructions = region.instructions + called;
        return Ok(Compiled { machine, exits, region, instructions });
    }
    Err(Refusal::Kinds)
}

fn attempt(
    job: &Job<'_>,
    region: &Region,
    methods: &Methods,
    known: &mut Known,
) -> Result<(Machine, Vec<Arc<ExitRecord>>), Refusal> {
    let signatures: Vec<_> = methods.found.iter().map(|(&entry, method)| (entry, signature(method))).collect();
    let mut exits = Vec::new();
    let machine = Machine::compile(job.wants_text, &signatures, &mut |method, function, context, link, config| {
        let booleans = known.booleans.clone();
        let method = method.and_then(|entry| methods.found.get(&entry));
        let input = Input {
            code: job.code,
            region: method.map_or(region, |method| &method.region),
            seen: job.seen,
            distrusted: job.distrusted,
            arrays: job.arrays,
            number: job.number,
            next_exit: exits.len(),
            method,
            methods,
            booleans: &booleans,
        };
        let made = translate(&input, function, context, link, config);
        let Some(method) = method else {
            exits.extend(made?.exits);
            return Ok(());
        };
        match made {
            Ok(translation) if known.agrees(method.entry, translation.gives) => {
                exits.extend(translation.exits);
                Ok(())
            }
            Ok(_) => Err(Refusal::Kinds),
            Err(refusal) => {
                known.refused.push(method.entry);
                known.again = true;
                Err(refusal)
            }
        }
    })?;
    Ok((machine, exits))
}

impl Known {
    /// Whether a method gives what its callers take it to give. If not, all is
    /// to be made again.
    fn agrees(&mut self, method: usize, gives: Gives) -> bool {
        let changed = match gives {
            Gives::Nothing => false,
            Gives::Integers if self.booleans.contains(&method) => {
                self.refused.push(method);
                true
            }
            Gives::Integers => false,
            Gives::Booleans => self.booleans.insert(method),
            Gives::Others => {
                self.refused.push(method);
                true
            }
        };
        self.again |= changed;
        !changed
    }
}
