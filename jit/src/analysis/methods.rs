//! Finds the methods that compiled code runs without the interpreter.
//!
//! A function works on small values alone until it returns, and is called; what it does before it throws or aborts is left
//! to the interpreter. All other methods, if they are small, can only be inlined.

use std::collections::{BTreeMap, BTreeSet};

use neovm_interp::tier::CodeView;
use neovm_types::{OpCode, opcode::Family};

use super::{
    inline::{MAX_METHOD, inline},
    instruction::{Flow, Ins, SlotUse},
    region::{Block, Blocks, Reachable, Region, blocks},
};
use crate::{Refusal, compile::Speculation};

/// The most arguments of a function.
const MAX_ARGUMENTS: usize = 6;

/// The most methods that are analysed for a region, which calls them directly or indirectly.
const MAX_METHODS: usize = 32;

/// How many rounds of analysis it may take until the effects of all methods are known.
const MAX_ROUNDS: usize = 8;

/// A method that compiled code runs.
#[derive(Debug)]
pub(crate) struct Method {
    /// The index of its first instruction: of INITSLOT, if it has slots.
    pub(crate) entry: usize,
    pub(crate) locals: u8,
    pub(crate) arguments: u8,
    /// Whether it is a function. It begins with INITSLOT then, touches nothing below its arguments, and returns at most
    /// one item.
    pub(crate) is_called: bool,
    /// The region after INITSLOT.
    pub(crate) region: Region,
}

/// The functions that a region calls, by the index of their first instruction.
#[derive(Debug, Default)]
pub(crate) struct Methods {
    pub(crate) found: BTreeMap<usize, Method>,
}

/// Which methods are inlined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Inlining {
    /// All that are small.
    #[default]
    All,
    /// Only functions.
    Functions,
    Nothing,
}

impl Inlining {
    /// Returns what is inlined if that did not work out.
    pub(crate) fn less(self) -> Self {
        if self == Self::All { Self::Functions } else { Self::Nothing }
    }
}

/// What is not compiled.
#[derive(Debug, Default)]
pub(crate) struct Without<'a> {
    /// Methods that compiled code does not call.
    pub(crate) methods: &'a [usize],
    /// What is inlined; the other methods are called, or left to the interpreter.
    pub(crate) inlining: Inlining,
    /// Whether try blocks are left to the interpreter.
    pub(crate) tries: bool,
}

/// What a call of a method does to the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Effect {
    pops: usize,
    pushes: usize,
    /// Whether the method is a function.
    is_called: bool,
}

/// The effects of methods; none for those that are left to the interpreter.
type Effects = BTreeMap<usize, Option<Effect>>;

/// The methods that are known: functions, and what is inlined.
#[derive(Debug, Default)]
struct Known<'a> {
    /// The methods that are no functions, although they look like some.
    refused: &'a [usize],
    functions: BTreeMap<usize, Method>,
    inlinable: BTreeMap<usize, Method>,
}

impl Methods {
    /// Finds the region that begins at an instruction, and the functions that it calls.
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
        let (mut effects, mut known) = (Effects::new(), Known { refused: but.methods, ..Known::default() });
        known.learn(code, speculation, &called(&reachable), &mut effects);
        let resolve = |ins: &mut Ins| {
            speculation.resolve(ins);
            resolve(ins, &effects, false);
            ins.handlers = ins.handlers.filter(|_| opens_tries);
        };
        let inlined = |target: usize| match but.inlining {
            Inlining::All => known.inlinable.get(&target).or_else(|| known.functions.get(&target)),
            Inlining::Functions => known.functions.get(&target),
            Inlining::Nothing => None,
        };
        let inline = |blocks: &mut Blocks| {
            let frames = inline(code, &inlined, None, blocks);
            cut_calls(blocks, &|target| known.functions.contains_key(&target));
            frames
        };
        let region = Region::find(code, entry, &resolve, &inline)?;
        let found = known.called_by(code, &region, but.inlining != Inlining::Nothing)?;
        Ok((region, Self { found }))
    }
}

impl Known<'_> {
    /// Returns the functions that a region calls, directly or indirectly, with small functions inlined.
    fn called_by(
        &self,
        code: CodeView<'_>,
        region: &Region,
        inlines: bool,
    ) -> Result<BTreeMap<usize, Method>, Refusal> {
        let inlined = |target: usize| self.functions.get(&target).filter(|_| inlines);
        let mut called = BTreeMap::new();
        let mut waiting: Vec<usize> = region.called().collect();
        while let Some(entry) = waiting.pop() {
            let Some(method) = self.functions.get(&entry).filter(|_| !called.contains_key(&entry)) else { continue };
            let region = method.region.with_inlined(&|blocks| inline(code, &inlined, Some(entry), blocks))?;
            waiting.extend(region.called());
            called.insert(entry, Method { region, ..*method });
        }
        Ok(called)
    }

    /// Analyses methods, and the methods that they call.
    fn learn(&mut self, code: CodeView<'_>, speculation: &Speculation, targets: &[usize], effects: &mut Effects) {
        let mut waiting: Vec<(usize, usize)> = targets.iter().map(|&target| (target, 0)).collect();
        let mut order: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut analysed = 0;
        // Called methods come before their callers. Recursive calls of methods with slots are presumed to return one
        // item until the analysis finds otherwise.
        while let Some((target, depth)) = waiting.pop() {
            if effects.contains_key(&target) || analysed == MAX_METHODS || depth > MAX_METHODS {
                continue;
            }
            let Some(Slots { arguments, body, .. }) = Slots::of(code, target) else {
                effects.insert(target, None);
                continue;
            };
            analysed += 1;
            let reachable = with_calls(code, body, speculation, false);
            let presumed = Effect { pops: arguments.into(), pushes: 1, is_called: true };
            effects.insert(target, (body != target && reachable.is_ok()).then_some(presumed));
            if reachable.is_err() {
                continue;
            }
            let calls = called(&reachable);
            waiting.extend(calls.iter().map(|&target| (target, depth + 1)));
            order.push((target, calls));
        }
        // The effect of one method changes its callers: repeat until nothing changes.
        let mut due: BTreeSet<usize> = order.iter().map(|(target, _)| *target).collect();
        for _ in 0..MAX_ROUNDS {
            for (target, _) in order.iter().rev() {
                if !due.remove(target) {
                    continue;
                }
                let effect = self.find(code, speculation, *target, effects);
                if effects.insert(*target, effect) != Some(effect) {
                    due.extend(order.iter().filter(|(_, calls)| calls.contains(target)).map(|(caller, _)| *caller));
                }
            }
            if due.is_empty() {
                return;
            }
        }
        for (target, _) in order {
            effects.insert(target, None);
        }
        self.functions.clear();
        self.inlinable.clear();
    }

    /// Analyses a method by the effects of those that it calls, and returns its own.
    fn find(
        &mut self,
        code: CodeView<'_>,
        speculation: &Speculation,
        target: usize,
        effects: &Effects,
    ) -> Option<Effect> {
        self.functions.remove(&target);
        self.inlinable.remove(&target);
        let slots = Slots::of(code, target)?;
        let resolve = |ins: &mut Ins| {
            speculation.resolve(ins);
            resolve(ins, effects, true);
            ins.handlers = None;
        };
        let reachable = Reachable::find(code, slots.body, &resolve).ok()?;
        let function = Method::function(code, target, slots, &reachable, effects);
        let function = function.filter(|_| !self.refused.contains(&target));
        let mut inlinable = Method::inlinable(target, slots, &reachable);
        let effect = [&function, &inlinable].into_iter().flatten().next().and_then(Method::effect)?;
        let stack = |method: &Method| method.effect().map(|Effect { pops, pushes, .. }| (pops, pushes));
        inlinable = inlinable.filter(|method| stack(method) == Some((effect.pops, effect.pushes)));
        self.functions.extend(function.map(|method| (target, method)));
        self.inlinable.extend(inlinable.map(|method| (target, method)));
        Some(effect)
    }
}

impl Method {
    fn function(
        code: CodeView<'_>,
        entry: usize,
        Slots { locals, arguments, body }: Slots,
        reachable: &Reachable,
        effects: &Effects,
    ) -> Option<Self> {
        if body == entry || usize::from(arguments) > MAX_ARGUMENTS {
            return None;
        }
        let fits = |ins: &Ins| is_simple(code, ins, effects) && within(ins, locals, arguments);
        let region =
            Region::of_method(blocks(reachable).ok()?, body, &|blocks| cut_failures(code, blocks, &fits)).ok()?;
        let mut instructions = region.blocks.values().flat_map(|block| &block.instructions);
        let returns = region.returned.is_some_and(|results| results <= 1);
        let is_called = returns && region.stack_inputs <= 0 && instructions.all(fits);
        is_called.then_some(Self { entry, locals, arguments, is_called, region })
    }

    /// Makes a method that is inlined: what it returns may depend on anything, but there has to be a way to a RET.
    fn inlinable(entry: usize, slots: Slots, reachable: &Reachable) -> Option<Self> {
        let Slots { locals, arguments, body } = slots;
        if reachable.instructions.len() >= MAX_METHOD {
            return None;
        }
        let fits = reachable.instructions.iter().all(|ins| within(ins, locals, arguments));
        // INITSLOT faults the second time.
        let begins_again = |block: &Block| body != entry && block.next.contains(&entry);
        let fits = |blocks: &mut Blocks| fits && !blocks.values().any(begins_again);
        let region = Region::of_method(blocks(reachable).ok()?, body, &fits).ok()?;
        region.returned.is_some().then_some(Self { entry, locals, arguments, is_called: false, region })
    }

    /// Returns the number of items that a function returns.
    pub(crate) fn results(&self) -> usize {
        self.region.returned.map_or(0, |height| height as usize)
    }

    fn effect(&self) -> Option<Effect> {
        let inputs = self.region.stack_inputs.max(0);
        let pushes = usize::try_from(inputs + self.region.returned?).ok()?;
        Some(Effect { pops: usize::from(self.arguments) + inputs as usize, pushes, is_called: self.is_called })
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

/// Cuts blocks before calls of methods that are neither inlined nor functions.
fn cut_calls(blocks: &mut Blocks, is_function: &dyn Fn(usize) -> bool) {
    for block in blocks.values_mut() {
        let call = block.instructions.last().filter(|ins| ins.flow() == Flow::Call);
        if let Some(&Ins { index, .. }) = call.filter(|ins| !ins.target.is_some_and(is_function)) {
            block.instructions.pop();
            block.next = vec![index];
        }
    }
    blocks.retain(|_, block| !block.instructions.is_empty());
}

/// The slots of a method.
#[derive(Clone, Copy)]
struct Slots {
    locals: u8,
    arguments: u8,
    /// The index of the first instruction behind INITSLOT, or of the first one if the method has no slots.
    body: usize,
}

impl Slots {
    fn of(code: CodeView<'_>, entry: usize) -> Option<Self> {
        let ins = Ins::read(code, entry)?;
        if ins.opcode != OpCode::INITSLOT {
            return Some(Self { locals: 0, arguments: 0, body: entry });
        }
        let (locals, arguments) = (ins.operand as u8, (ins.operand >> 8) as u8);
        ((locals, arguments) != (0, 0)).then_some(Self { locals, arguments, body: entry + 1 })
    }
}

/// Notes how many items a call pops and pushes, and whether a RET leads back to compiled code.
fn resolve(ins: &mut Ins, effects: &Effects, returns: bool) {
    match ins.opcode {
        OpCode::CALL | OpCode::CALL_L => {
            let effect = ins.target.and_then(|target| effects.get(&target).copied().flatten());
            ins.call = effect.map(|Effect { pops, pushes, .. }| (pops, pushes));
        }
        OpCode::RET => ins.returns = returns,
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
fn is_simple(code: CodeView<'_>, ins: &Ins, effects: &Effects) -> bool {
    use OpCode::{ASSERTMSG, DEPTH, MODMUL, MODPOW, POW, PUSHF, PUSHNULL, PUSHT, SQRT};
    let is_function = |target: usize| effects.get(&target).copied().flatten().is_some_and(|effect| effect.is_called);
    match ins.opcode.info().family {
        Family::Push => {
            code.small_constant(ins.index).is_some()
                || matches!(ins.opcode, PUSHT | PUSHF | PUSHNULL)
                || ins.pushes_message(code)
        }
        Family::Types => ins.opcode == ASSERTMSG,
        Family::Stack => ins.opcode != DEPTH,
        Family::Control if ins.call.is_some() => ins.target.is_some_and(is_function),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::region::tests::code;

    /// What is too long is read as far as the longest method may be, so it counts as any other.
    #[test]
    fn methods_that_are_too_long_count() {
        let calls: String = (0..100).map(|index| format!("CALL_L m{index}\n")).collect();
        let sled: String = (0..100).map(|index| format!("m{index}: NOP\n")).collect();
        let code = code(&format!("{calls}RET\n{sled}{}RET", "NOP\n".repeat(5000)));
        let code = CodeView::new(&code);
        let (speculation, mut effects) = (Speculation::default(), Effects::new());
        let targets = called(&with_calls(code, 0, &speculation, false));
        assert_eq!(targets.len(), 100);
        Known::default().learn(code, &speculation, &targets, &mut effects);
        assert_eq!(effects.len(), MAX_METHODS);
        assert!(effects.values().all(Option::is_none));
    }
}
