//! Compiles a region, with the methods that it calls, from its entry to machine code.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use neovm_interp::tier::{CodeView, Kind, Seen, TypeFeedback, Width};
use neovm_types::OpCode;

use crate::{
    Refusal,
    analysis::{
        gas::Charges,
        instruction::Ins,
        methods::{Inlining, Methods, Without},
        region::Region,
    },
    memory::code::MachineCode,
    runtime::stats::{ExitRecord, Why},
    translate::{Input, ReturnKind, signature, translate},
};

/// The most items that compiled code unpacks.
const MAX_UNPACKED: usize = 16;

/// The most attempts until the region and the methods that it calls agree.
const MAX_ROUNDS: usize = 8;

/// What the translation asks about an instruction, of what was seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    /// The width of the operand at a depth.
    Operand(usize),
    /// The width of the result.
    Result,
    /// Whether the operand at a depth is an integer.
    Integer(usize),
    /// Whether the operand at a depth is an integer or a boolean.
    Condition(usize),
    /// Whether what is replaced is a small value or an integer.
    Replaced,
}

/// What code depends on, by the index of the instruction.
pub(crate) type Asked = BTreeSet<(usize, Question)>;

/// How often a region is compiled again because integers were wider than before.
const MAX_WIDENED: u32 = 2;

/// How often a region is compiled again because items were of other kinds than presumed, until it presumes nothing of
/// items that were of several kinds.
const MAX_FAILED: u32 = 2;

/// How many bits more than those seen the code has room for that is compiled last.
const MORE_BITS: u32 = 40;

/// The input of the compiler for one region.
pub(crate) struct Job<'a> {
    pub(crate) code: CodeView<'a>,
    pub(crate) entry: usize,
    pub(crate) speculation: &'a Speculation,
    pub(crate) number: u32,
    /// The least number of instructions of a region without a loop.
    pub(crate) least: usize,
    pub(crate) wants_text: bool,
    /// The guard that always fails, in tests.
    pub(crate) failing: Option<u32>,
}

/// What the code of a region presumes, and what was learned from presumptions that failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Speculation {
    /// The types of the items that the machine held at the entry.
    pub(crate) feedback: TypeFeedback,
    /// What the items were that instructions took and gave.
    pub(crate) seen: BTreeMap<usize, Seen>,
    /// What the translation asked of them.
    pub(crate) asked: RefCell<Asked>,
    /// How often the region was compiled again because integers were wider than before.
    pub(crate) widened: u32,
    /// How often it was compiled again because guards failed otherwise.
    pub(crate) failed: u32,
    /// The instructions that must not speculate, because one of their guards failed.
    pub(crate) no_speculate: BTreeSet<usize>,
    /// The first instructions of segments in which each overflow has a check of its own, so
    /// that the next failure names the instruction.
    pub(crate) split_checks: BTreeSet<usize>,
    /// The number of items that an UNPACK found in its array.
    pub(crate) unpacked: BTreeMap<usize, usize>,
    /// How often the region was compiled.
    pub(crate) tries: u32,
    /// Whether compiling was put off until the entry has been reached more often.
    pub(crate) is_put_off: bool,
    /// The instruction whose counter made the region hot: the entry, or INITSLOT before it.
    pub(crate) counted: usize,
}

impl Speculation {
    /// Returns the number of bytes of memory that what is known uses.
    pub(crate) fn memory(&self) -> usize {
        let TypeFeedback { locals, arguments, stack, .. } = &self.feedback;
        let kinds = locals.len() + arguments.len() + stack.len();
        let seen = self.seen.len() + self.feedback.seen.len();
        size_of::<Self>() + kinds * size_of::<Kind>() + seen * size_of::<(usize, Seen)>()
    }

    /// Returns the width that is presumed of an operand of an instruction: the greatest seen, if any was.
    pub(crate) fn operand(&self, index: usize, depth: usize) -> Option<Width> {
        self.width_of(self.ask(index, Question::Operand(depth)), Question::Operand(depth))
    }

    /// Returns the width that is presumed of the result of an instruction.
    pub(crate) fn result(&self, index: usize) -> Option<Width> {
        self.width_of(self.ask(index, Question::Result), Question::Result)
    }

    /// Returns whether what the question of a kind is about is presumed to be of another kind.
    pub(crate) fn is_other(&self, index: usize, question: Question) -> bool {
        self.is_other_in(self.ask(index, question), question)
    }

    /// Returns what was seen of an instruction, and notes that the translation depends on it.
    fn ask(&self, index: usize, question: Question) -> Seen {
        let index = CodeView::original(index);
        self.asked.borrow_mut().insert((index, question));
        self.seen.get(&index).copied().unwrap_or_default()
    }

    fn width_of(&self, seen: Seen, question: Question) -> Option<Width> {
        match question {
            Question::Operand(depth) => match *seen.operands.get(depth)? {
                bits @ 1..=64 => Some(Width::of_bits(bits.into())),
                bits => self.presumed(bits),
            },
            Question::Result => self.presumed(seen.result),
            Question::Integer(_) | Question::Condition(_) | Question::Replaced => None,
        }
    }

    /// Returns whether an item was of another kind than is asked. If it was of both, that fails at times only.
    fn is_other_in(&self, seen: Seen, question: Question) -> bool {
        let kinds = |depth: usize| seen.kinds.get(depth).copied().unwrap_or_default();
        let (other, fits) = match question {
            Question::Integer(depth) => (kinds(depth).other || kinds(depth).boolean, kinds(depth).integer),
            Question::Condition(depth) => (kinds(depth).other, kinds(depth).integer || kinds(depth).boolean),
            Question::Replaced => (seen.replaced.other, seen.replaced.small),
            Question::Operand(_) | Question::Result => (false, true),
        };
        other && (!fits || self.failed >= MAX_FAILED)
    }

    /// Returns the width that is presumed of a result that had a number of bits; none if there was none. Code that is
    /// compiled for the last time leaves room for more.
    fn presumed(&self, bits: u16) -> Option<Width> {
        let more = if self.widened < MAX_WIDENED { 0 } else { MORE_BITS };
        (bits > 0).then(|| Width::of_bits(u32::from(bits) + more))
    }

    /// Learns what items were. Returns whether code that asked for some widths would be other code now, and whether code
    /// that asked for some kinds would.
    fn learn_seen(&mut self, seen: &BTreeMap<usize, Seen>, asked: &Asked) -> (bool, bool) {
        let (mut is_wider, mut is_other) = (false, false);
        for (&index, &now) in seen {
            let known = self.seen.get(&index).copied().unwrap_or_default();
            let joined = known.join(now);
            for &(_, question) in asked.range((index, Question::Operand(0))..=(index, Question::Replaced)) {
                is_wider |= self.width_of(joined, question) > self.width_of(known, question).or(Some(Width::Int));
                is_other |= self.is_other_in(joined, question) && !self.is_other_in(known, question);
            }
            self.seen.insert(index, joined);
        }
        (is_wider, is_other)
    }

    /// Notes the number of items that an UNPACK pushes, if it is known.
    pub(crate) fn resolve(&self, ins: &mut Ins) {
        if ins.opcode == OpCode::UNPACK && !self.no_speculate.contains(&ins.index) {
            ins.unpacked = self.unpacked.get(&ins.index).copied();
        }
    }

    /// Returns whether an exit before an instruction can teach something: before an UNPACK whose items have not been
    /// counted yet.
    pub(crate) fn can_learn(&self, code: CodeView<'_>, index: usize) -> bool {
        let is_unpack = |ins: Ins| ins.opcode == OpCode::UNPACK;
        let is_known = self.no_speculate.contains(&index) || self.unpacked.contains_key(&index);
        !is_known && Ins::read(code, index).is_some_and(is_unpack)
    }

    /// Learns from an exit that is taken too often: from the instruction whose guard failed, if
    /// it is known, and from the items that the machine holds. Returns whether anything was
    /// new; if not, compiling again would only reproduce the code.
    pub(crate) fn learn_from(
        &mut self,
        record: &ExitRecord,
        guard: Option<usize>,
        feedback: &TypeFeedback,
        asked: &Asked,
    ) -> bool {
        let (is_wider, is_other) = self.learn_seen(&feedback.seen, asked);
        // Where integers are wider than before, or items no integers, that is why guards failed.
        if is_wider && record.why == Why::Guard && self.widened < MAX_WIDENED {
            self.widened += 1;
            return true;
        }
        self.failed += u32::from(record.why == Why::Guard);
        if is_other && record.why == Why::Guard && self.failed < MAX_FAILED {
            return true;
        }
        match (record.why, guard, &record.overflows[..]) {
            (Why::Entry, ..) => self.learn_types(feedback),
            (Why::Opcode, ..) => match feedback.count {
                Some(count) if count <= MAX_UNPACKED => self.unpacked.insert(record.inst, count) != Some(count),
                _ => self.no_speculate.insert(record.inst),
            },
            (_, Some(failed), _) | (_, None, &[failed]) => self.no_speculate.insert(failed),
            (_, None, []) => false,
            // First find out which of the instructions overflowed.
            (_, None, _) => self.split_checks.insert(record.inst),
        }
    }

    /// Learns that the items at the entry may have these types too. Returns whether that was new.
    fn learn_types(&mut self, feedback: &TypeFeedback) -> bool {
        let joined = join(&self.feedback, feedback);
        let is_new = joined != self.feedback;
        self.feedback = joined;
        is_new
    }
}

/// Returns what holds for the items of both.
fn join(first: &TypeFeedback, second: &TypeFeedback) -> TypeFeedback {
    let join =
        |first: &[Kind], second: &[Kind]| first.iter().zip(second).map(|(first, second)| first.join(*second)).collect();
    TypeFeedback {
        locals: join(&first.locals, &second.locals),
        arguments: join(&first.arguments, &second.arguments),
        stack: join(&first.stack, &second.stack),
        // No entry is compiled for a number of items.
        count: first.count,
        seen: BTreeMap::new(),
    }
}

/// A compiled region.
pub(crate) struct Compiled {
    pub(crate) machine_code: MachineCode,
    pub(crate) exits: Vec<Arc<ExitRecord>>,
    pub(crate) region: Region,
    /// The widths that it depends on.
    pub(crate) asked: Asked,
    /// The number of instructions, including those of called methods.
    pub(crate) instructions: usize,
}

/// What the translation of called methods found out about them.
#[derive(Default)]
struct Callees {
    /// Methods that return booleans.
    booleans: BTreeSet<usize>,
    /// Methods that are left to the interpreter.
    refused: Vec<usize>,
    /// What is inlined.
    inlining: Inlining,
    again: bool,
}

/// Compiles a region.
pub(crate) fn compile(job: &Job<'_>) -> Result<Compiled, Refusal> {
    // Where try blocks cannot be followed, they are left to the interpreter. A region that is too small has no more
    // instructions then.
    compile_with(job, true).or_else(|refusal| match refusal {
        Refusal::Nothing | Refusal::Small => Err(refusal),
        _ if has_tries(job.code) => compile_with(job, false),
        _ => Err(refusal),
    })
}

/// Returns whether a script has try blocks.
fn has_tries(code: CodeView<'_>) -> bool {
    let opcode = |index| code.script().bytes().get(code.position(index)).copied();
    (0..code.inst_count()).filter_map(opcode).any(|byte| byte == OpCode::TRY as u8 || byte == OpCode::TRY_L as u8)
}

fn compile_with(job: &Job<'_>, opens_tries: bool) -> Result<Compiled, Refusal> {
    let mut callees = Callees::default();
    for _ in 0..MAX_ROUNDS {
        let without = Without { methods: &callees.refused, inlining: callees.inlining, tries: !opens_tries };
        let (region, methods) = Methods::region(job.code, job.entry, job.speculation, &without)?;
        let mut called = methods.found.values().map(|method| &method.region);
        let instructions = region.instructions + called.clone().map(|region| region.instructions).sum::<usize>();
        if !Charges::fit(job.code, &region) || !called.all(|region| Charges::fit(job.code, region)) {
            return Err(Refusal::TooDear);
        }
        let can_learn = |index| {
            !region.blocks.contains_key(&index) && job.speculation.can_learn(job.code, CodeView::original(index))
        };
        let mut nexts = region.blocks.values().flat_map(|block| block.next.iter().copied());
        if !region.has_loop() && instructions < job.least && !nexts.any(can_learn) {
            return Err(Refusal::Small);
        }
        callees.again = false;
        let made = attempt(job, &region, &methods, &mut callees);
        if callees.again {
            continue;
        }
        let (machine_code, exits) = made?;
        let asked = job.speculation.asked.take();
        return Ok(Compiled { machine_code, exits, region, asked, instructions });
    }
    Err(Refusal::Kinds)
}

fn attempt(
    job: &Job<'_>,
    region: &Region,
    methods: &Methods,
    callees: &mut Callees,
) -> Result<(MachineCode, Vec<Arc<ExitRecord>>), Refusal> {
    let signatures: Vec<_> = methods.found.iter().map(|(&entry, method)| (entry, signature(method))).collect();
    let (mut exits, mut cells) = (Vec::new(), Vec::new());
    let mut machine_code =
        MachineCode::compile(job.wants_text, &signatures, &mut |method, function, context, linker, config| {
            let booleans = callees.booleans.clone();
            let method = method.and_then(|entry| methods.found.get(&entry));
            let input = Input {
                code: job.code,
                region: method.map_or(region, |method| &method.region),
                speculation: job.speculation,
                number: job.number,
                failing: job.failing,
                wants_text: job.wants_text,
                next_exit: exits.len(),
                method,
                methods,
                booleans: &booleans,
            };
            let made = translate(&input, function, context, linker, config);
            // What a method does may fit a frame of its own only.
            if made.is_err() && !input.region.frames.is_empty() {
                callees.inlining = callees.inlining.less();
                callees.again = true;
            }
            let Some(method) = method else {
                let made = made?;
                exits.extend(made.exits);
                cells.push(made.cells);
                return Ok(());
            };
            match made {
                Ok(translation) if callees.agrees(method.entry, translation.return_kind) => {
                    exits.extend(translation.exits);
                    Ok(())
                }
                Ok(_) => Err(Refusal::Kinds),
                Err(refusal) => {
                    if !callees.again {
                        callees.refused.push(method.entry);
                        callees.again = true;
                    }
                    Err(refusal)
                }
            }
        })?;
    machine_code.cells = cells;
    Ok((machine_code, exits))
}

impl Callees {
    /// Returns whether a method returns what its callers expect. If not, everything is compiled
    /// again.
    fn agrees(&mut self, method: usize, return_kind: ReturnKind) -> bool {
        let changed = match return_kind {
            ReturnKind::Nothing => false,
            ReturnKind::Integers if self.booleans.contains(&method) => {
                self.refused.push(method);
                true
            }
            ReturnKind::Integers => false,
            ReturnKind::Booleans => self.booleans.insert(method),
            ReturnKind::Others => {
                self.refused.push(method);
                true
            }
        };
        self.again |= changed;
        !changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(stack: &[Kind], count: Option<usize>) -> TypeFeedback {
        TypeFeedback { stack: stack.to_vec(), count, ..TypeFeedback::default() }
    }

    #[test]
    fn only_other_types_are_news() {
        let types = [Kind::Array, Kind::Integer];
        for count in [None, Some(3)] {
            let mut speculation = Speculation { feedback: feedback(&types, count), ..Speculation::default() };
            for other in [count, None, Some(4)] {
                assert!(!speculation.learn_types(&feedback(&types, other)), "{count:?}, then {other:?}");
            }
            assert!(speculation.learn_types(&feedback(&[Kind::Array, Kind::Null], None)));
            assert!(!speculation.learn_types(&feedback(&[Kind::Array, Kind::Boolean], Some(3))), "scalars already");
            assert!(speculation.learn_types(&feedback(&[Kind::Array], None)), "fewer items");
            assert!(!speculation.learn_types(&feedback(&types, None)), "more items");
        }
    }
}
