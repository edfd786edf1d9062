//! A region from its entry to machine code, with the methods that it calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use neovm_interp::tier::{CodeView, Kind, TypeFeedback};
use neovm_types::OpCode;

use crate::{
    Refusal,
    analysis::{instruction::Ins, methods::Methods, region::Region},
    memory::code::Machine,
    runtime::stats::{ExitRecord, Why},
    translate::{Gives, Input, signature, translate},
};

/// Most items that are unpacked in compiled code.
const MAX_UNPACKED: usize = 16;

/// How often a region is made until all agree about the methods that it calls.
const MAX_ROUNDS: usize = 8;

/// What a region is compiled from.
pub(crate) struct Job<'a> {
    pub(crate) code: CodeView<'a>,
    pub(crate) entry: usize,
    pub(crate) known: &'a Known,
    pub(crate) number: u32,
    /// Fewer instructions without a loop are not worth it.
    pub(crate) least: usize,
    pub(crate) wants_text: bool,
    /// The guard that always fails, if one is to.
    pub(crate) failing: Option<u32>,
}

/// What is known of a place where a region begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What the machine was seen to hold.
    pub(crate) seen: TypeFeedback,
    /// Instructions of which nothing is to be taken for granted.
    pub(crate) distrusted: BTreeSet<usize>,
    /// Where segments begin in which it is to be found out which result is too wide.
    pub(crate) suspected: BTreeSet<usize>,
    /// How many items arrays were seen to have that are unpacked.
    pub(crate) unpacked: BTreeMap<usize, usize>,
    /// How often it was compiled.
    pub(crate) tries: u32,
    /// Whether it is to be compiled when it was reached some times more.
    pub(crate) is_put_off: bool,
    /// The instruction that counts how often it is reached: this one, or INITSLOT before it.
    pub(crate) counted: usize,
}

impl Known {
    /// Tells of UNPACK what it gives, if that is known.
    pub(crate) fn resolve(&self, ins: &mut Ins) {
        if ins.opcode == OpCode::UNPACK && !self.distrusted.contains(&ins.place) {
            ins.unpacked = self.unpacked.get(&ins.place).copied();
        }
    }

    /// Whether a place where code is left is one that it is to learn from: an UNPACK, of
    /// which the items were not counted yet.
    pub(crate) fn learns(&self, code: CodeView<'_>, place: usize) -> bool {
        let is_unpack = |ins: Ins| ins.opcode == OpCode::UNPACK;
        let is_known = self.distrusted.contains(&place) || self.unpacked.contains_key(&place);
        !is_known && Ins::read(code, place).is_some_and(is_unpack)
    }

    /// Learns from an exit that is taken too often, from the instruction whose guard
    /// led there, if that is known, and from what the machine holds there. Tells whether
    /// anything of that is new: if not, the region would become the code that it is.
    pub(crate) fn learn_from(&mut self, record: &ExitRecord, guard: Option<usize>, seen: &TypeFeedback) -> bool {
        match (record.why, guard, &record.overflows[..]) {
            (Why::Entry, ..) => {
                let joined = join(&self.seen, seen);
                let is_new = joined != self.seen;
                self.seen = joined;
                is_new
            }
            (Why::Opcode, ..) => match seen.count {
                Some(count) if count <= MAX_UNPACKED => self.unpacked.insert(record.place, count) != Some(count),
                _ => self.distrusted.insert(record.place),
            },
            (_, Some(failed), _) | (_, None, &[failed]) => self.distrusted.insert(failed),
            (_, None, []) => false,
            // It is found out first which of them it was.
            (_, None, _) => self.suspected.insert(record.place),
        }
    }
}

/// What was seen both times.
fn join(first: &TypeFeedback, second: &TypeFeedback) -> TypeFeedback {
    let join =
        |first: &[Kind], second: &[Kind]| first.iter().zip(second).map(|(first, second)| first.join(*second)).collect();
    TypeFeedback {
        locals: join(&first.locals, &second.locals),
        arguments: join(&first.arguments, &second.arguments),
        stack: join(&first.stack, &second.stack),
        count: None,
    }
}

/// What became of it.
pub(crate) struct Compiled {
    pub(crate) machine: Machine,
    pub(crate) exits: Vec<Arc<ExitRecord>>,
    pub(crate) region: Region,
    /// Instructions, those of methods that are called included.
    pub(crate) instructions: usize,
}

/// What is found out of the methods that are called when they are translated.
#[derive(Default)]
struct Callees {
    /// Those that give booleans.
    booleans: BTreeSet<usize>,
    /// Those that are left to the interpreter.
    refused: Vec<usize>,
    again: bool,
}

/// Compiles a region.
pub(crate) fn compile(job: &Job<'_>) -> Result<Compiled, Refusal> {
    let mut callees = Callees::default();
    for _ in 0..MAX_ROUNDS {
        let (region, methods) = Methods::region(job.code, job.entry, job.known, &callees.refused)?;
        let called: usize = methods.found.values().map(|method| method.region.instructions).sum();
        let instructions = region.instructions + called;
        let learns = |place: usize| !region.blocks.contains_key(&place) && job.known.learns(job.code, place);
        let mut nexts = region.blocks.values().flat_map(|block| &block.next);
        if !region.has_loop() && instructions < job.least && !nexts.any(|&next| learns(next)) {
            return Err(Refusal::Small);
        }
        callees.again = false;
        let made = attempt(job, &region, &methods, &mut callees);
        if callees.again {
            continue;
        }
        let (machine, exits) = made?;
        return Ok(Compiled { machine, exits, region, instructions });
    }
    Err(Refusal::Kinds)
}

fn attempt(
    job: &Job<'_>,
    region: &Region,
    methods: &Methods,
    callees: &mut Callees,
) -> Result<(Machine, Vec<Arc<ExitRecord>>), Refusal> {
    let signatures: Vec<_> = methods.found.iter().map(|(&entry, method)| (entry, signature(method))).collect();
    let mut exits = Vec::new();
    let machine = Machine::compile(job.wants_text, &signatures, &mut |method, function, context, linker, config| {
        let booleans = callees.booleans.clone();
        let method = method.and_then(|entry| methods.found.get(&entry));
        let input = Input {
            code: job.code,
            region: method.map_or(region, |method| &method.region),
            known: job.known,
            number: job.number,
            failing: job.failing,
            wants_text: job.wants_text,
            next_exit: exits.len(),
            method,
            methods,
            booleans: &booleans,
        };
        let made = translate(&input, function, context, linker, config);
        let Some(method) = method else {
            exits.extend(made?.exits);
            return Ok(());
        };
        match made {
            Ok(translation) if callees.agrees(method.entry, translation.gives) => {
                exits.extend(translation.exits);
                Ok(())
            }
            Ok(_) => Err(Refusal::Kinds),
            Err(refusal) => {
                callees.refused.push(method.entry);
                callees.again = true;
                Err(refusal)
            }
        }
    })?;
    Ok((machine, exits))
}

impl Callees {
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
