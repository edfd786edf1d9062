//! Finds the methods that compiled code calls directly, without the interpreter: those that work on small values
//! alone, until they return. What they do before they throw or abort is left to the interpreter.

use std::collections::{BTreeMap, BTreeSet};

use neovm_interp::tier::CodeView;
use neovm_types::{OpCode, opcode::Family};

use super::{
    inline::inline,
    instruction::{Flow, Ins, SlotUse},
    region::{Blocks, Reachable, Region},
};
use crate::{Refusal, compile::Speculation};

/// The most arguments of such a method.
const MAX_ARGUMENTS: usize = 6;

/// The most methods that a region calls, directly or indirectly.
const MAX_METHODS: usize = 32;

/// How many rounds of analysis it may take until the effects of all methods are known.
const MAX_ROUNDS: usize = 8;

/// A method that compiled code calls. It begins with INITSLOT, touches nothing
/// below its arguments, and returns at most one item.
#[derive(Debug)]
pub(crate) struct Method {
    /// The index of its INITSLOT.
    pub(crate) entry: usize,
    pub(crate) locals: u8,
    pub(crate) arguments: u8,
    pub(crate) results: usize,
    /// The region after INITSLOT.
    pub(crate) region: Region,
}

/// The methods that a region calls, by the index of their first instruction.
#[derive(Debug, Default)]
pub(crate) struct Methods {
    pub(crate) found: BTreeMap<usize, Method>,
}

/// What is not compiled.
#[derive(Debug, Default)]
pub(crate) struct Without<'a> {
    /// Methods that are left to the interpreter.
    pub(crate) methods: &'a [usize],
    /// Whether methods are called rather than inlined.
    pub(crate) inlining: bool,
    /// Whether try blocks are left to the interpreter.
    pub(crate) tries: bool,
}

/// The numbers of items that a call of each method pops and pushes; none for a method that is left to the
/// interpreter.
type Effects = BTreeMap<usize, Option<(usize, usize)>>;

impl Methods {
    /// Finds the region that begins at an instruction, and the methods that it calls.
    pub(crate) fn region(
        code: CodeView<'_>,
        entry: usize,
        speculation: &Speculation,
        but: &Without<'_>,
    ) -> Result<(Region, Self), Refusal> {
        let opens_tries = !but.tries;
        let reachable = with_calls(code, entry, speculation, opens_tries);
        if let Ok(found) = &reachable
            && found.instructions.iter().all(|ins| ins.call.is_none())
        {
            match Region::of(found, &|_| Vec::new()) {
                // What follows the loop can be left out.
                Err(Refusal::TooLong) => {}
                region => return Ok((region?, Self::default())),
            }
        }
        let mut effects: Effects = but.methods.iter().map(|&method| (method, None)).collect();
        let mut methods = Self::default();
        methods.learn(code, &called(&reachable), &mut effects);
        let none = BTreeMap::new();
        let inlinable = if but.inlining { &none } else { &methods.found };
        let resolve = |ins: &mut Ins| {
            speculation.resolve(ins);
            resolve(ins, &effects, None);
            ins.handlers = ins.handlers.filter(|_| opens_tries);
        };
        let region = Region::find(code, entry, &resolve, &|blocks| inline(code, inlinable, None, blocks))?;
        let found = methods.called_by(code, &region, inlinable)?;
        Ok((region, Self { found }))
    }

    /// Returns the methods that a region calls, directly or indirectly, with those inlined that can be.
    fn called_by(
        &self,
        code: CodeView<'_>,
        region: &Region,
        inlinable: &BTreeMap<usize, Method>,
    ) -> Result<BTreeMap<usize, Method>, Refusal> {
        let mut called = BTreeMap::new();
        let mut waiting: Vec<usize> = region.called().collect();
        while let Some(entry) = waiting.pop() {
            let Some(method) = self.found.get(&entry).filter(|_| !called.contains_key(&entry)) else { continue };
            let region = method.region.with_inlined(&|blocks| inline(code, inlinable, Some(entry), blocks))?;
            waiting.extend(region.called());
            called.insert(entry, Method { region, ..*method });
        }
        Ok(called)
    }

    /// Analyses methods, and the methods that they call.
    fn learn(&mut self, code: CodeView<'_>, targets: &[usize], effects: &mut Effects) {
        let mut waiting: Vec<(usize, usize)> = targets.iter().map(|&target| (target, 0)).collect();
        let mut order = Vec::new();
        // Called methods come before their callers. Recursive calls are presumed to return one item until the
        // analysis finds otherwise.
        while let Some((target, depth)) = waiting.pop() {
            if effects.contains_key(&target) || order.len() == MAX_METHODS || depth > MAX_METHODS {
                continue;
            }
            let Some((_, arguments)) = init(code, target) else {
                effects.insert(target, None);
                continue;
            };
            effects.insert(target, Some((arguments.into(), 1)));
            order.push(target);
            let reachable = with_calls(code, target + 1, &Speculation::default(), false);
            waiting.extend(called(&reachable).into_iter().map(|target| (target, depth + 1)));
        }
        // The effect of one method changes its callers: repeat until nothing changes.
        for _ in 0..MAX_ROUNDS {
            let mut changed = false;
            for &target in order.iter().rev() {
                let Some(known) = effects[&target] else { continue };
                let method = Method::find(code, target, effects);
                let effect = method.as_ref().map(|method| (method.arguments.into(), method.results));
                match method {
                    Some(method) => drop(self.found.insert(target, method)),
                    None => drop(self.found.remove(&target)),
                }
                if effect != Some(known) {
                    effects.insert(target, effect);
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
        for target in order {
            effects.insert(target, None);
        }
        self.found.clear();
    }
}

impl Method {
    fn find(code: CodeView<'_>, entry: usize, effects: &Effects) -> Option<Self> {
        let (locals, arguments) = init(code, entry)?;
        let known = effects.get(&entry).copied().flatten().map_or(1, |(_, results)| results);
        for results in [known, 1 - known.min(1)] {
            let fits = |ins: &Ins| is_simple(code, ins) && within(ins, locals, arguments);
            let resolve = |ins: &mut Ins| {
                resolve(ins, effects, Some(results));
                ins.handlers = None;
            };
            let found = Region::of_method(code, entry + 1, &resolve, &|blocks| cut_failures(code, blocks, &fits));
            let Ok(region) = found else { continue };
            let mut instructions = region.blocks.values().flat_map(|block| &block.instructions);
            let returns = instructions.clone().any(|ins| ins.flow() == Flow::Return);
            if returns && region.stack_inputs <= 0 && instructions.all(fits) {
                return Some(Self { entry, locals, arguments, results, region });
            }
        }
        None
    }
}

/// Cuts blocks that end in a THROW or an abort before the first instruction that does not fit. Returns whether all others
/// lead to blocks.
fn cut_failures(code: CodeView<'_>, blocks: &mut Blocks, fits: &dyn Fn(&Ins) -> bool) -> bool {
    use OpCode::{ABORT, ABORTMSG, THROW};
    let fails = |index| Ins::read(code, index).is_some_and(|ins| matches!(ins.opcode, THROW | ABORT | ABORTMSG));
    let mut cut = BTreeSet::new();
    for block in blocks.values_mut() {
        let first = block.instructions.iter().position(|ins| !fits(ins));
        if let (Some(first), &[end]) = (first, &block.next[..])
            && fails(end)
        {
            let index = block.instructions[first].index;
            block.instructions.truncate(first);
            block.next = vec![index];
            cut.insert(index);
        }
    }
    blocks.retain(|_, block| !block.instructions.is_empty());
    let mut nexts = blocks.values().flat_map(|block| &block.next);
    nexts.all(|next| blocks.contains_key(next) || cut.contains(next) || fails(*next))
}

/// Returns the numbers of local variables and arguments of a method.
fn init(code: CodeView<'_>, entry: usize) -> Option<(u8, u8)> {
    let ins = Ins::read(code, entry).filter(|ins| ins.opcode == OpCode::INITSLOT)?;
    let (locals, arguments) = (ins.operand as u8, (ins.operand >> 8) as u8);
    (usize::from(arguments) <= MAX_ARGUMENTS && (locals, arguments) != (0, 0)).then_some((locals, arguments))
}

/// Notes how many items a call pops and pushes, and how many items a RET returns:
/// none in a region that the interpreter enters.
fn resolve(ins: &mut Ins, effects: &Effects, results: Option<usize>) {
    match ins.opcode {
        OpCode::CALL | OpCode::CALL_L => {
            ins.call = ins.target.and_then(|target| effects.get(&target).copied().flatten());
        }
        OpCode::RET => ins.returns = results,
        _ => {}
    }
}

/// Finds all that may run after an instruction, if all calls return.
fn with_calls(
    code: CodeView<'_>,
    entry: usize,
    speculation: &Speculation,
    opens_tries: bool,
) -> Result<Reachable, Refusal> {
    let collect = |ins: &mut Ins| {
        speculation.resolve(ins);
        ins.handlers = ins.handlers.filter(|_| opens_tries);
        if matches!(ins.opcode, OpCode::CALL | OpCode::CALL_L) {
            // The number of operands does not matter here, only that more code follows.
            ins.call = Some((0, 0));
        }
    };
    Reachable::find(code, entry, &collect)
}

/// Returns the targets of calls; none if too many instructions were reachable.
fn called(reachable: &Result<Reachable, Refusal>) -> Vec<usize> {
    let instructions = reachable.iter().flat_map(|found| &found.instructions);
    instructions.filter(|ins| ins.call.is_some()).filter_map(|ins| ins.target).collect()
}

/// Returns whether an instruction works on small values alone.
fn is_simple(code: CodeView<'_>, ins: &Ins) -> bool {
    use OpCode::{ASSERTMSG, DEPTH, MODMUL, MODPOW, POW, PUSHF, PUSHNULL, PUSHT, SQRT};
    match ins.opcode.info().family {
        Family::Push => {
            code.small_constant(ins.index).is_some()
                || matches!(ins.opcode, PUSHT | PUSHF | PUSHNULL)
                || ins.pushes_message(code)
        }
        Family::Types => ins.opcode == ASSERTMSG,
        Family::Stack => ins.opcode != DEPTH,
        Family::Bitwise | Family::Control => true,
        Family::Numeric => !matches!(ins.opcode, POW | SQRT | MODMUL | MODPOW),
        Family::Slot => matches!(ins.slot(), Some(SlotUse::Load(_) | SlotUse::Store(_))),
        Family::Splice | Family::Compound => false,
    }
}

/// Returns whether the method has the slot that an instruction names.
fn within(ins: &Ins, locals: u8, arguments: u8) -> bool {
    use super::instruction::Slot;
    match ins.slot() {
        Some(SlotUse::Load(slot) | SlotUse::Store(slot)) => match slot {
            Slot::Local(index) => index < locals,
            Slot::Argument(index) => index < arguments,
        },
        _ => true,
    }
}
