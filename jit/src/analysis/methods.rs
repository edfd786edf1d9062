//! Methods that compiled code calls without the interpreter: those that work on
//! small values alone.

use std::collections::BTreeMap;

use neovm_interp::tier::CodeView;
use neovm_types::{OpCode, opcode::Family};

use super::{
    instruction::{Ins, SlotUse},
    region::{Reachable, Region},
};
use crate::{Refusal, compile::Known};

/// Most arguments of such a method.
const MAX_ARGUMENTS: usize = 6;

/// Most methods that are called from a region, directly or not.
const MAX_METHODS: usize = 32;

/// How often methods are looked at until what they do is certain.
const MAX_ROUNDS: usize = 8;

/// A method that compiled code calls. It begins with INITSLOT, touches nothing
/// below its arguments, and gives one item or none.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its INITSLOT.
    pub(crate) entry: usize,
    pub(crate) locals: u8,
    pub(crate) arguments: u8,
    pub(crate) results: usize,
    /// What follows INITSLOT.
    pub(crate) region: Region,
}

/// The methods that a region calls, by the number of their first instruction.
#[derive(Debug, Default)]
pub(crate) struct Methods {
    pub(crate) found: BTreeMap<usize, Method>,
}

/// What a call takes and gives; none of a method that is not called so.
type Effects = BTreeMap<usize, Option<(usize, usize)>>;

impl Methods {
    /// The region at an instruction, with the methods that it calls, but for
    /// some that are not to be called.
    pub(crate) fn region(
        code: CodeView<'_>,
        entry: usize,
        known: &Known,
        but: &[usize],
    ) -> Result<(Region, Self), Refusal> {
        let reachable = with_calls(code, entry, known);
        if let Ok(found) = &reachable
            && found.instructions.iter().all(|ins| ins.call.is_none())
        {
            match Region::of(found) {
                // What follows the loop may be left out.
                Err(Refusal::TooLong) => {}
                region => return Ok((region?, Self::default())),
            }
        }
        let mut effects: Effects = but.iter().map(|&method| (method, None)).collect();
        let mut methods = Self::default();
        methods.learn(code, &called(&reachable), &mut effects);
        let region = Region::find(code, entry, &|ins| {
            known.resolve(ins);
            resolve(ins, &effects, None);
        })?;
        let calls = region.blocks.values().flat_map(|block| &block.instructions).any(|ins| ins.call.is_some());
        if !calls {
            methods.found.clear();
        }
        Ok((region, methods))
    }

    /// Learns what methods do, and those that they call.
    fn learn(&mut self, code: CodeView<'_>, targets: &[usize], effects: &mut Effects) {
        let mut waiting: Vec<(usize, usize)> = targets.iter().map(|&target| (target, 0)).collect();
        let mut order = Vec::new();
        // Those called by others come first in the end; calls in a circle are
        // taken to give one item until it shows that they do not.
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
            let reachable = with_calls(code, target + 1, &Known::default());
            waiting.extend(called(&reachable).into_iter().map(|target| (target, depth + 1)));
        }
        // What one finds changes what others are: until nothing changes.
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
            let found = Region::of_method(code, entry + 1, &|ins| resolve(ins, effects, Some(results)));
            let Ok(region) = found else { continue };
            let mut instructions = region.blocks.values().flat_map(|block| &block.instructions);
            let complete =
                region.blocks.values().all(|block| block.next.iter().all(|next| region.blocks.contains_key(next)));
            let fits = |ins: &Ins| is_simple(code, ins) && within(ins, locals, arguments);
            if complete && region.reach <= 0 && instructions.all(fits) {
                return Some(Self { entry, locals, arguments, results, region });
            }
        }
        None
    }
}

/// The numbers of local variables and arguments of a method.
fn init(code: CodeView<'_>, entry: usize) -> Option<(u8, u8)> {
    let ins = Ins::read(code, entry).filter(|ins| ins.opcode == OpCode::INITSLOT)?;
    let (locals, arguments) = (ins.operand as u8, (ins.operand >> 8) as u8);
    (usize::from(arguments) <= MAX_ARGUMENTS && (locals, arguments) != (0, 0)).then_some((locals, arguments))
}

/// Tells of a call what it takes and gives, and of a RET how many items the
/// method gives that it ends; none in a region that is entered.
fn resolve(ins: &mut Ins, effects: &Effects, results: Option<usize>) {
    match ins.opcode {
        OpCode::CALL | OpCode::CALL_L => {
            ins.call = ins.target.and_then(|target| effects.get(&target).copied().flatten());
        }
        OpCode::RET => ins.returns = results,
        _ => {}
    }
}

/// What may follow an instruction, if all calls come back.
fn with_calls(code: CodeView<'_>, entry: usize, known: &Known) -> Result<Reachable, Refusal> {
    let collect = |ins: &mut Ins| {
        known.resolve(ins);
        if matches!(ins.opcode, OpCode::CALL | OpCode::CALL_L) {
            // What it takes does not matter here, only that more follows.
            ins.call = Some((0, 0));
        }
    };
    Reachable::find(code, entry, &collect)
}

/// The targets of calls; none where too much follows.
fn called(reachable: &Result<Reachable, Refusal>) -> Vec<usize> {
    let instructions = reachable.iter().flat_map(|found| &found.instructions);
    instructions.filter(|ins| ins.call.is_some()).filter_map(|ins| ins.target).collect()
}

/// Whether an instruction works on small values alone.
fn is_simple(code: CodeView<'_>, ins: &Ins) -> bool {
    use OpCode::{DEPTH, MODMUL, MODPOW, POW, PUSHF, PUSHNULL, PUSHT, SQRT};
    match ins.opcode.info().family {
        Family::Push => code.small_constant(ins.place).is_some() || matches!(ins.opcode, PUSHT | PUSHF | PUSHNULL),
        Family::Stack => ins.opcode != DEPTH,
        Family::Bitwise | Family::Control => true,
        Family::Numeric => !matches!(ins.opcode, POW | SQRT | MODMUL | MODPOW),
        Family::Slot => matches!(ins.slot(), Some(SlotUse::Load(_) | SlotUse::Store(_))),
        Family::Splice | Family::Compound | Family::Types => false,
    }
}

/// Whether the slot that an instruction names is there.
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
