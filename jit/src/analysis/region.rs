//! Finds what is compiled together: a natural loop, or a method from an instruction on, as a graph of blocks with the
//! height of the stack at each block.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::RangeInclusive,
};

use neovm_interp::tier::CodeView;

use super::{
    inline::{InlinedFrame, frame_of},
    instruction::{Flow, Ins},
    tries::{self, OpenTry},
};
use crate::Refusal;

/// The most instructions of a region.
pub(crate) const MAX_INSTRUCTIONS: usize = 4096;

/// The most blocks of a region.
pub(crate) const MAX_BLOCKS: usize = 512;

/// The most items that a region may use of those on the stack at its entry, and the most that
/// it may add.
const MAX_HEIGHT: i32 = 256;

/// How many rounds of analysis it may take until it is known which parts of try blocks run.
const MAX_ROUNDS: usize = 8;

/// A basic block: instructions that are entered only at the first one.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) instructions: Vec<Ins>,
    /// Where control goes: to blocks, or out of the region. The second is where a branch
    /// goes that is not taken.
    pub(crate) next: Vec<usize>,
    /// The catch blocks that exceptions lead to.
    pub(crate) handlers: Vec<usize>,
    /// Of all these, the blocks of the region that expect another height of the stack or other try blocks. Control
    /// leaves the region instead.
    pub(crate) mismatched: Vec<usize>,
    /// The height of the stack at the start, relative to the entry of the region.
    pub(crate) height: i32,
    /// Whether a later block in the order of the region jumps back to it.
    pub(crate) is_loop: bool,
    /// The number of edges from blocks of the region to it.
    pub(crate) predecessors: usize,
}

impl Block {
    /// Makes a block of which no more is known than where it leads to.
    pub(crate) fn new(instructions: Vec<Ins>, next: Vec<usize>, handlers: Vec<usize>) -> Self {
        Self { instructions, next, handlers, mismatched: Vec::new(), height: 0, is_loop: false, predecessors: 0 }
    }

    /// Notes the catch blocks that exceptions of its own instructions lead to.
    fn find_handlers(&mut self) {
        let handlers: BTreeSet<_> = self.instructions.iter().filter_map(Ins::catch).collect();
        self.handlers = handlers.into_iter().collect();
    }

    /// Returns where control may go.
    pub(crate) fn successors(&self) -> impl Iterator<Item = usize> + '_ {
        self.next.iter().chain(&self.handlers).copied()
    }
}

/// Blocks by the indices of their first instructions.
pub(crate) type Blocks = BTreeMap<usize, Block>;

/// What is the same on all ways to a block: the height of the stack, and the try blocks that the region has open.
#[derive(Clone, Debug, Default)]
struct Place {
    height: i32,
    tries: Vec<OpenTry>,
}

/// Blocks that are compiled together.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) entry: usize,
    /// The indices of the first instructions of the blocks. A block comes after all that lead
    /// to it, except by jumps back.
    pub(crate) order: Vec<usize>,
    pub(crate) blocks: Blocks,
    /// The number of items on the stack at the entry that the region uses.
    pub(crate) stack_inputs: i32,
    /// The greatest height of the stack between two instructions, relative to the entry.
    pub(crate) peak: i32,
    /// The most try blocks that are open at once.
    pub(crate) tries: usize,
    /// The height of the stack at each RET that leads back to compiled code, if there is one.
    pub(crate) returned: Option<i32>,
    /// The frames of inlined methods, from frame 1 on.
    pub(crate) frames: Vec<InlinedFrame>,
    /// The greatest sum of the height of the stack, relative to the entry, and the number of slots of inlined methods.
    pub(crate) room: i32,
    pub(crate) instructions: usize,
}

impl Region {
    /// Finds the region that the interpreter enters at an instruction: the loop that begins
    /// there, or everything that follows.
    /// `inline` inlines methods in its blocks.
    pub(crate) fn find(
        code: CodeView<'_>,
        entry: usize,
        resolve: Resolve<'_>,
        inline: Inline<'_>,
    ) -> Result<Self, Refusal> {
        match Reachable::find(code, entry, resolve).and_then(|all| Self::of(&all, inline)) {
            // If too much follows the loop, only what lies before its last jump back is included.
            Err(Refusal::TooLong) => {
                Self::of(&reachable(code, entry, resolve, entry..=last_jump(code, entry))?, inline)
            }
            found => found,
        }
    }

    /// Makes the region of instructions that are known to be reachable from its entry.
    pub(crate) fn of(reachable: &Reachable, inline: Inline<'_>) -> Result<Self, Refusal> {
        let mut found = blocks(reachable)?;
        let within = loop_of(&found, reachable.entry);
        if !within.is_empty() {
            found.retain(|start, _| within.contains(start));
        }
        let frames = inline(&mut found);
        Self::of_blocks(reachable.entry, found, frames)
    }

    /// Makes the region of a method from all its blocks. `cut` cuts what is left to the interpreter, and returns whether
    /// the rest is a method.
    pub(crate) fn of_method(
        mut found: Blocks,
        entry: usize,
        cut: &dyn Fn(&mut Blocks) -> bool,
    ) -> Result<Self, Refusal> {
        if !cut(&mut found) {
            return Err(Refusal::Nothing);
        }
        Self::of_blocks(entry, found, Vec::new())
    }

    /// Returns the region of a method, with methods that it calls inlined.
    pub(crate) fn with_inlined(&self, inline: Inline<'_>) -> Result<Self, Refusal> {
        let block = |block: &Block| Block::new(block.instructions.clone(), block.next.clone(), Vec::new());
        let mut blocks = self.blocks.iter().map(|(&start, found)| (start, block(found))).collect();
        let frames = inline(&mut blocks);
        Self::of_blocks(self.entry, blocks, frames)
    }

    fn of_blocks(entry: usize, mut blocks: Blocks, frames: Vec<InlinedFrame>) -> Result<Self, Refusal> {
        // What a called method throws is seen only where the method is inlined.
        blocks.values_mut().for_each(Block::find_handlers);
        let (order, stack_inputs, peak, tries, room, instructions) = (order(&blocks, entry), 0, 0, 0, 0, 0);
        let returned = None;
        if order.len() < blocks.len() {
            let reached: BTreeSet<_> = order.iter().copied().collect();
            blocks.retain(|start, _| reached.contains(start));
        }
        let mut region = Self { entry, order, blocks, stack_inputs, peak, tries, returned, frames, room, instructions };
        region.count_predecessors();
        region.find_heights()?;
        region.instructions = region.blocks.values().map(|block| block.instructions.len()).sum();
        if region.instructions == 0 || !region.blocks.contains_key(&entry) {
            return Err(Refusal::Nothing);
        }
        Ok(region)
    }

    /// Returns the frame in which an instruction runs, if it is that of an inlined method.
    pub(crate) fn frame(&self, index: usize) -> Option<&InlinedFrame> {
        self.frames.get(frame_of(index).checked_sub(1)?)
    }

    /// Returns the frames of inlined methods that are active before an instruction, the innermost first, each with the
    /// instruction at which it continues.
    pub(crate) fn active_frames(&self, mut index: usize) -> impl Iterator<Item = (usize, &InlinedFrame)> {
        core::iter::from_fn(move || {
            let frame = self.frame(index)?;
            Some((core::mem::replace(&mut index, frame.returns_to), frame))
        })
    }

    /// Returns the most frames of inlined methods that are active at once.
    pub(crate) fn depth(&self) -> usize {
        self.frames.iter().map(|frame| frame.depth).max().unwrap_or(0)
    }

    /// Returns the methods that are called, by their first instructions.
    pub(crate) fn called(&self) -> impl Iterator<Item = usize> {
        let instructions = self.blocks.values().flat_map(|block| &block.instructions);
        instructions.filter(|ins| ins.flow() == Flow::Call).filter_map(|ins| ins.target)
    }

    /// Returns whether the region contains a loop.
    pub(crate) fn has_loop(&self) -> bool {
        self.blocks.values().any(|block| block.is_loop)
    }

    fn count_predecessors(&mut self) {
        let rank: BTreeMap<_, _> = self.order.iter().enumerate().map(|(rank, &start)| (start, rank)).collect();
        let mut heads = BTreeSet::new();
        for (start, block) in &self.blocks {
            heads.extend(block.successors().filter(|next| rank.get(next).is_some_and(|to| *to <= rank[start])));
        }
        for head in heads {
            if let Some(block) = self.blocks.get_mut(&head) {
                block.is_loop = true;
            }
        }
        let edges: Vec<_> = self.blocks.values().flat_map(Block::successors).collect();
        for next in edges {
            if let Some(block) = self.blocks.get_mut(&next) {
                block.predecessors += 1;
            }
        }
    }

    /// Computes the height of the stack at each block, which must be the same on all paths.
    ///
    /// In regions with try blocks, paths that differ leave the region. Those through catch blocks come last, because
    /// exceptions are rare: what an instruction that throws leaves on the stack often stays there.
    fn find_heights(&mut self) -> Result<(), Refusal> {
        let has_tries = self.blocks.values().flat_map(|block| &block.instructions).any(|ins| ins.handlers.is_some());
        let mut known = BTreeMap::from([(self.entry, Place::default())]);
        let mut mismatched = BTreeSet::new();
        for with_exceptions in [false, true] {
            if with_exceptions && !has_tries {
                break;
            }
            let (mut again, mut rounds) = (true, 0);
            while again {
                (again, rounds) = (false, rounds + 1);
                if rounds > MAX_ROUNDS {
                    return Err(Refusal::Heights);
                }
                for start in self.order.clone() {
                    let Some(place) = known.get(&start).cloned() else { continue };
                    let (next, handlers) = self.follow(start, place)?;
                    let handlers = handlers.into_iter().filter(|_| with_exceptions);
                    for (next, place) in next.into_iter().chain(handlers) {
                        if !self.blocks.contains_key(&next) {
                            continue;
                        }
                        match agree(&mut known, next, place) {
                            Some(less) => again |= less && has_tries,
                            None if has_tries => drop(mismatched.insert((start, next))),
                            None => return Err(Refusal::Heights),
                        }
                    }
                }
            }
        }
        for (start, next) in mismatched {
            self.blocks.entry(start).and_modify(|block| block.mismatched.push(next));
        }
        self.order.retain(|start| known.contains_key(start));
        self.blocks.retain(|start, _| known.contains_key(start));
        for (start, Place { height, mut tries }) in known {
            let Some(block) = self.blocks.get_mut(&start) else { continue };
            block.height = height;
            for ins in &mut block.instructions {
                let found = ins.leads_to;
                ins.resolve_tries(&tries);
                // Where it depends on the way which block catches an exception, the interpreter throws it.
                ins.leads_to = ins.leads_to.filter(|_| ins.leads_to == found);
                ins.follow_tries(&mut tries);
            }
        }
        Ok(())
    }

    /// Follows the instructions of a block. Returns where control goes, and what is known there: after the last
    /// instruction, and after exceptions.
    fn follow(&mut self, start: usize, mut place: Place) -> Result<(Places, Places), Refusal> {
        let block = &self.blocks[&start];
        let mut handlers = Vec::new();
        for ins in &block.instructions {
            let mut resolved = *ins;
            resolved.resolve_tries(&place.tries);
            let is_other = resolved.leads_to != ins.leads_to;
            if is_other && !ins.throws() {
                return Err(Refusal::Heights);
            }
            let (pops, pushes) = ins.effect().unwrap_or((0, 0));
            self.stack_inputs = self.stack_inputs.max(pops as i32 - place.height);
            let popped = place.height - pops as i32;
            if let (Some(handler), Some((caught, _)), false) = (ins.catch(), tries::catcher(&place.tries), is_other) {
                let mut tries = place.tries.clone();
                tries::catch(&mut tries, caught);
                handlers.push((handler, Place { height: popped + 1, tries }));
                self.peak = self.peak.max(popped + 1);
            }
            ins.follow_tries(&mut place.tries);
            place.height = popped + pushes as i32;
            if ins.returns && *self.returned.get_or_insert(place.height) != place.height {
                return Err(Refusal::Heights);
            }
            self.peak = self.peak.max(place.height);
            let slots = self.frame(ins.index).map_or(0, InlinedFrame::slots_end);
            self.room = self.room.max(place.height + slots as i32);
            self.tries = self.tries.max(place.tries.len());
        }
        if self.stack_inputs > MAX_HEIGHT || self.peak > MAX_HEIGHT {
            return Err(Refusal::TooHigh);
        }
        Ok((block.next.iter().map(|&next| (next, place.clone())).collect(), handlers))
    }
}

/// Blocks, with what is known at their start.
type Places = Vec<(usize, Place)>;

/// Notes what is known at the start of a block, and returns whether that is news. Returns none if something else is
/// known already.
fn agree(known: &mut BTreeMap<usize, Place>, start: usize, place: Place) -> Option<bool> {
    match known.entry(start) {
        Entry::Vacant(entry) => {
            entry.insert(place);
            Some(true)
        }
        Entry::Occupied(entry) if entry.get().height != place.height => None,
        Entry::Occupied(mut entry) => tries::join(&mut entry.get_mut().tries, &place.tries),
    }
}

/// All instructions of a script.
const EVERYWHERE: RangeInclusive<usize> = 0..=usize::MAX;

/// Returns the last instruction that jumps to a given one.
fn last_jump(code: CodeView<'_>, to: usize) -> usize {
    let jumps = |index: &usize| Ins::read(code, *index).is_some_and(|ins| ins.target == Some(to));
    (to..code.inst_count()).rev().find(jumps).unwrap_or(to)
}

/// Inlines methods in blocks, and returns their frames.
pub(crate) type Inline<'a> = &'a dyn Fn(&mut Blocks) -> Vec<InlinedFrame>;

/// Records what is known about calls, RET and UNPACK in an instruction.
pub(crate) type Resolve<'a> = &'a dyn Fn(&mut Ins);

/// The instructions that can be reached from a given one.
pub(crate) struct Reachable {
    entry: usize,
    pub(crate) instructions: Vec<Ins>,
    /// The positions in `instructions`, by the indices among all instructions of the script.
    found: BTreeMap<usize, usize>,
    /// The first instruction, and the targets of jumps.
    starts: BTreeSet<usize>,
}

impl Reachable {
    /// Finds the instructions that can be reached from a given one.
    pub(crate) fn find(code: CodeView<'_>, entry: usize, resolve: Resolve<'_>) -> Result<Self, Refusal> {
        reachable(code, entry, resolve, EVERYWHERE)
    }

    fn get(&self, index: usize) -> Option<&Ins> {
        self.instructions.get(*self.found.get(&index)?)
    }
}

/// Returns the blocks that can be reached.
pub(crate) fn blocks(reachable: &Reachable) -> Result<Blocks, Refusal> {
    let mut blocks = split(reachable)?;
    // A block ends where a jump can reach an instruction without the count that was pushed before it: what follows
    // may then be unreachable.
    let reached: BTreeSet<_> = order(&blocks, reachable.entry).into_iter().collect();
    blocks.retain(|start, _| reached.contains(start));
    Ok(blocks)
}

/// Finds the instructions within a range that can be reached from a given one.
fn reachable(
    code: CodeView<'_>,
    entry: usize,
    resolve: Resolve<'_>,
    within: RangeInclusive<usize>,
) -> Result<Reachable, Refusal> {
    let starts = BTreeSet::from([entry]);
    let mut reachable = Reachable { entry, instructions: Vec::new(), found: BTreeMap::new(), starts };
    let mut waiting = vec![(entry, Vec::new())];
    while let Some((mut index, mut tries)) = waiting.pop() {
        let mut constant = None;
        while within.contains(&index) && !reachable.found.contains_key(&index) {
            if reachable.instructions.len() == MAX_INSTRUCTIONS {
                return Err(Refusal::TooLong);
            }
            let Some(mut ins) = Ins::read(code, index) else { break };
            ins.constant = constant.take();
            resolve(&mut ins);
            ins.resolve_tries(&tries);
            constant = ins.unpacked.map(|count| count as i64).or_else(|| code.small_constant(index));
            let flow = ins.flow();
            if flow == Flow::Leave {
                break;
            }
            reachable.found.insert(index, reachable.instructions.len());
            reachable.instructions.push(ins);
            if let (Some(handler), Some((place, _))) = (ins.may_reach(), tries::catcher(&tries))
                && reachable.starts.insert(handler)
            {
                let mut tries = tries.clone();
                tries::catch(&mut tries, place);
                waiting.push((handler, tries));
            }
            ins.follow_tries(&mut tries);
            let (jump, next) = match flow {
                Flow::Jump(to) => (Some(to), None),
                Flow::Branch(to) => (Some(to), Some(index + 1)),
                Flow::Call => (None, Some(index + 1)),
                _ => (None, None),
            };
            for to in [jump, next].into_iter().flatten() {
                if reachable.starts.insert(to) {
                    waiting.push((to, tries.clone()));
                }
            }
            if flow != Flow::Next {
                break;
            }
            index += 1;
        }
    }
    Ok(reachable)
}

/// Splits instructions into blocks. A block does not know what the instruction before it pushed.
fn split(reachable: &Reachable) -> Result<BTreeMap<usize, Block>, Refusal> {
    let starts = &reachable.starts;
    let mut blocks = BTreeMap::new();
    for &start in starts {
        let mut instructions: Vec<Ins> = Vec::new();
        let mut index = start;
        let next = loop {
            if index != start && starts.contains(&index) {
                break vec![index];
            }
            let Some(ins) = reachable.get(index) else { break vec![index] };
            let mut ins = *ins;
            if index == start {
                ins.constant = None;
            }
            match ins.flow() {
                // The count on top of the stack is known only directly after the instruction that pushed it.
                Flow::Leave => break vec![index],
                Flow::Jump(to) => {
                    instructions.push(ins);
                    break vec![to];
                }
                Flow::Branch(to) => {
                    instructions.push(ins);
                    break vec![to, index + 1];
                }
                Flow::Call => {
                    instructions.push(ins);
                    break vec![index + 1];
                }
                Flow::Return | Flow::Throw => {
                    instructions.push(ins);
                    break vec![];
                }
                Flow::Next => instructions.push(ins),
            }
            index += 1;
        };
        if !instructions.is_empty() {
            let handlers: BTreeSet<_> = instructions.iter().filter_map(Ins::may_reach).collect();
            blocks.insert(start, Block::new(instructions, next, handlers.into_iter().collect()));
        }
        if blocks.len() > MAX_BLOCKS {
            return Err(Refusal::TooLong);
        }
    }
    Ok(blocks)
}

/// Returns the blocks from which the entry can be reached again, if there are any.
fn loop_of(blocks: &BTreeMap<usize, Block>, entry: usize) -> BTreeSet<usize> {
    let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (&start, block) in blocks {
        for next in block.successors() {
            before.entry(next).or_default().push(start);
        }
    }
    let mut within = BTreeSet::new();
    let mut waiting = before.get(&entry).cloned().unwrap_or_default();
    while let Some(start) = waiting.pop() {
        if within.insert(start) && start != entry {
            waiting.extend(before.get(&start).into_iter().flatten());
        }
    }
    within
}

/// Orders blocks from the entry on, each after its predecessors.
fn order(blocks: &BTreeMap<usize, Block>, entry: usize) -> Vec<usize> {
    let mut done = BTreeSet::from([entry]);
    let mut finished = Vec::new();
    let mut path = vec![(entry, 0)];
    while let Some((start, branch)) = path.last_mut() {
        let next = blocks.get(start).and_then(|block| block.successors().nth(*branch));
        *branch += 1;
        match next {
            Some(next) if blocks.contains_key(&next) => {
                if done.insert(next) {
                    path.push((next, 0));
                }
            }
            Some(_) => {}
            None => {
                finished.push(*start);
                path.pop();
            }
        }
    }
    finished.reverse();
    finished.retain(|start| blocks.contains_key(start));
    finished
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use neovm_interp::Code;
    use neovm_types::{OpCode, PriceTable, asm::assemble};

    use super::*;

    /// Decodes a script.
    pub(crate) fn code(text: &str) -> Code {
        let script = assemble(text).expect("a script");
        Code::decode(script, &Arc::new(PriceTable::default())).expect("a short script")
    }

    /// Finds the region that begins at an instruction; its calls are not compiled.
    pub(crate) fn region(code: &Code, entry: usize) -> Result<Region, Refusal> {
        Region::find(CodeView::new(code), entry, &|_| {}, &|_| Vec::new())
    }

    /// Returns the indices of the first instructions of the blocks, in their order.
    fn blocks(region: &Region) -> &[usize] {
        &region.order
    }

    #[test]
    fn a_loop_is_found_without_what_follows_it() {
        let code = code("PUSH5\nn: DEC\nDUP\nJMPIF n\nDROP\nPUSH1\nRET");
        let region = region(&code, 1).unwrap();
        assert_eq!((blocks(&region), region.instructions), (&[1][..], 3));
        assert_eq!(region.blocks[&1].next, [1, 4], "back to the loop, and out of it");
        assert!(region.blocks[&1].is_loop && region.has_loop());
        assert_eq!((region.stack_inputs, region.peak), (1, 1), "the counter below the entry, its copy above");
    }

    #[test]
    fn where_no_loop_begins_all_that_follows_is_found() {
        let code = code("PUSH1\nJMPIF o\nPUSH2\nJMP p\no: PUSH3\np: INC\nRET");
        let region = region(&code, 0).unwrap();
        assert_eq!(region.order.first(), Some(&0));
        assert_eq!(region.order.last(), Some(&5), "where the edges meet comes behind both");
        assert_eq!(region.blocks[&5].predecessors, 2);
        assert!(!region.has_loop());
        assert_eq!(region.blocks[&5].instructions.len(), 1, "RET is left to the interpreter");
    }

    #[test]
    fn the_region_of_an_inner_loop_holds_the_outer_one() {
        let code = code("a: PUSH5\nb: DEC\nDUP\nJMPIF b\nDROP\nDEC\nDUP\nJMPIF a\nRET");
        let region = region(&code, 1).unwrap();
        let loops: Vec<_> = region.blocks.iter().filter(|(_, block)| block.is_loop).map(|(start, _)| *start).collect();
        assert_eq!(region.order.len(), 3, "{:?}", region.order);
        assert_eq!(loops, [1], "from where it is entered, the outer loop only leads to the inner one");
        assert_eq!(region.blocks[&0].height, -1, "the outer loop has one item less on the stack");
    }

    #[test]
    fn heights_must_be_the_same_on_all_ways() {
        let code = code("n: DUP\nJMPIF o\nPUSH7\nSWAP\no: DEC\nDUP\nJMPIF n\nRET");
        assert_eq!(region(&code, 0).err(), Some(Refusal::Heights));
    }

    #[test]
    fn what_begins_with_an_instruction_of_the_interpreter_is_refused() {
        let code = code("n: CLEAR\nPUSH5\nDEC\nDUP\nJMPIF n\nRET");
        assert_eq!(region(&code, 0).err(), Some(Refusal::Nothing));
    }

    #[test]
    fn a_catch_block_that_leaves_an_item_leads_out_of_the_region() {
        // LDLOC0 is still on the stack in the catch block, which drops only the exception.
        let code = code(
            "n: TRY c, -\nLDLOC0\nLDLOC1\nPUSH3\nPICKITEM\nADD\nSTLOC0\nJMP e\nc: DROP\ne: ENDTRY d\nd: LDLOC2\nJMPIF n\nRET",
        );
        let region = region(&code, 0).unwrap();
        let [first, catch, end] = [0, 8, 9].map(|start| &region.blocks[&start]);
        assert_eq!((&first.handlers[..], first.next[0]), (&[8][..], 9));
        assert_eq!((catch.height, &catch.mismatched[..]), (2, &[9][..]), "LDLOC0 and the exception");
        assert_eq!((end.height, end.mismatched.len(), region.tries), (0, 0, 1));
    }

    #[test]
    fn only_the_blocks_that_are_open_catch() {
        let code = code("n: TRY c, -\nENDTRY d\nd: LDLOC1\nPUSH3\nPICKITEM\nJMPIF n\nRET\nc: JMP n");
        let region = region(&code, 0).unwrap();
        assert!(region.blocks.values().all(|block| block.handlers.is_empty()), "{region:?}");
    }

    #[test]
    fn what_is_too_long_is_refused_but_a_loop_within_it_is_found() {
        let long = |count: usize| "INC\nDEC\n".repeat(count / 2);
        let code_of_long_loop = code(&format!("n: {}DEC\nDUP\nJMPIF_L n\nRET", long(MAX_INSTRUCTIONS)));
        assert_eq!(region(&code_of_long_loop, 0).err(), Some(Refusal::TooLong));
        let short = code(&format!("n: DEC\nDUP\nJMPIF n\n{}RET", long(2 * MAX_INSTRUCTIONS)));
        assert_eq!(region(&short, 0).unwrap().instructions, 3);
    }

    #[test]
    fn a_stack_that_is_too_high_is_refused() {
        let pushes = "PUSH1\n".repeat(300);
        let drops = "DROP\n".repeat(300);
        let code = code(&format!("n: {pushes}{drops}DEC\nDUP\nJMPIF_L n\nRET"));
        assert_eq!(region(&code, 0).err(), Some(Refusal::TooHigh));
    }

    #[test]
    fn a_count_is_known_only_behind_what_pushed_it() {
        let known = code("n: PUSH1\nPICK\nDROP\nDEC\nDUP\nJMPIF n\nRET");
        assert_eq!(region(&known, 0).unwrap().instructions, 6);
        // PICK may be reached without the constant, so it is left to the interpreter.
        let unknown = code("n: DUP\nPUSH1\no: PICK\nDROP\nDEC\nDUP\nJMPIF n\nDUP\nJMPIF o\nRET");
        let found = region(&unknown, 0).unwrap();
        let has_pick =
            found.blocks.values().flat_map(|block| &block.instructions).any(|ins| ins.opcode == OpCode::PICK);
        assert!(!has_pick, "{found:?}");
    }

    #[test]
    fn a_system_call_ends_a_region() {
        let code = code("n: SYSCALL 0x01020304\nDEC\nDUP\nJMPIF n\nRET");
        assert_eq!(region(&code, 0).err(), Some(Refusal::Nothing));
    }
}
