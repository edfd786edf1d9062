//! Inlining: calls of small methods become part of the function that calls them.
//!
//! The blocks of a method are copied for each call. The copies of its instructions have indices of their own: above the
//! bits that say which instruction of the script it is, they have the number of the frame that they run in. Frame 0
//! is the function's own.
//!
//! A method that throws into a try block of its caller goes on with the catch block of the caller.

use std::collections::{BTreeSet, VecDeque};

use neovm_interp::tier::CodeView;
use neovm_types::OpCode;

use super::{
    instruction::{Flow, Ins},
    methods::Method,
    region::{Block, Blocks, MAX_BLOCKS},
};

/// The most instructions of a method that is inlined.
pub(crate) const MAX_METHOD: usize = 48;

/// The most instructions and slots that inlining adds to a function. Slots count because each is kept in every block.
const MAX_ADDED: usize = 192;

/// The most frames within one another.
const MAX_DEPTH: usize = 4;

/// How often a method is inlined in itself: once, or twice if it is as short as this.
const SHORT: usize = 24;

/// What becomes of an instruction where a method is inlined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inlined {
    /// The call: control goes to the copy of the method's first instruction, which has this index.
    Call(usize),
    /// INITSLOT of the method.
    Init,
    /// RET of the method: control goes to the instruction with this index.
    Ret(usize),
}

/// The frame of an inlined method.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InlinedFrame {
    /// The index of its first instruction, in its frame: INITSLOT, if it has slots.
    pub(crate) entry: usize,
    pub(crate) locals: u8,
    pub(crate) arguments: u8,
    /// The instruction that it returns to, in the frame of its caller.
    pub(crate) returns_to: usize,
    /// Where its local variables begin, as the number of cells from the end of the function's own.
    pub(crate) slots: usize,
    /// The number of inlined frames up to this one.
    pub(crate) depth: usize,
}

impl InlinedFrame {
    /// Returns the number of cells from the end of the function's own slots to that of its slots.
    pub(crate) fn slots_end(&self) -> usize {
        self.slots + usize::from(self.locals)
    }
}

/// Returns the number of the frame in which an instruction runs.
pub(crate) fn frame_of(index: usize) -> usize {
    index >> CodeView::INDEX_BITS
}

/// Returns the index of the copy of an instruction in a frame.
fn in_frame(index: usize, frame: usize) -> usize {
    index | frame << CodeView::INDEX_BITS
}

/// Copies the small ones of the methods that blocks call to where they are called. `method_at` returns the method that
/// begins with an instruction, `own` is the method that the blocks are part of, if any. Returns the frames that the
/// copies run in, from frame 1 on.
pub(crate) fn inline<'a>(
    code: CodeView<'_>,
    method_at: &dyn Fn(usize) -> Option<&'a Method>,
    own: Option<usize>,
    blocks: &mut Blocks,
) -> Vec<InlinedFrame> {
    let (mut frames, mut added) = (Vec::<InlinedFrame>::new(), 0);
    // Calls that are less deep come first.
    let mut waiting: VecDeque<usize> = blocks.keys().copied().collect();
    while let Some(start) = waiting.pop_front() {
        let call = blocks.get(&start).and_then(|block| block.instructions.last());
        let Some((call, target)) =
            call.filter(|ins| ins.flow() == Flow::Call).and_then(|ins| Some((*ins, ins.target?)))
        else {
            continue;
        };
        let Some(method) = method_at(target).filter(|method| method.is_small()) else { continue };
        let &Method { locals, arguments, .. } = method;
        let (length, caller) = (method.region.instructions + 1, frame_of(start));
        let size = length + usize::from(locals) + usize::from(arguments);
        let outer = caller.checked_sub(1).map(|caller| frames[caller]);
        let depth = 1 + outer.map_or(0, |outer| outer.depth);
        let again = callers(&frames, caller).chain(own).filter(|&entry| entry == target).count();
        let most = if own == Some(target) { 1 + usize::from(length <= SHORT) } else { 0 };
        if again > most
            || depth > MAX_DEPTH
            || added + size > MAX_ADDED
            || blocks.len() + method.region.blocks.len() >= MAX_BLOCKS
        {
            continue;
        }
        let frame = frames.len() + 1;
        let slots = outer.map_or(0, |outer| outer.slots_end()) + usize::from(arguments);
        let (entry, returns_to) = (in_frame(target, frame), call.index + 1);
        frames.push(InlinedFrame { entry, locals, arguments, returns_to, slots, depth });
        added += size;
        let copies = Copying { code, method, frame, returns_to, catch: call.leads_to }.blocks();
        waiting.extend(copies.keys());
        blocks.extend(copies);
        blocks.entry(start).and_modify(|block| {
            block.next = vec![entry];
            let inlined = Ins { inlined: Some(Inlined::Call(entry)), ..call };
            block.instructions.pop();
            block.instructions.push(inlined);
        });
    }
    frames
}

/// Returns the methods, by their first instruction, whose inlined frames are active in a frame.
fn callers(frames: &[InlinedFrame], mut frame: usize) -> impl Iterator<Item = usize> + '_ {
    core::iter::from_fn(move || {
        let InlinedFrame { entry, returns_to, .. } = frames[frame.checked_sub(1)?];
        frame = frame_of(returns_to);
        Some(CodeView::original(entry))
    })
}

impl Method {
    /// Returns whether it is inlined rather than called.
    fn is_small(&self) -> bool {
        self.region.instructions < MAX_METHOD && (!self.is_called || !self.region.has_loop())
    }
}

/// A method that is copied to a frame.
struct Copying<'a> {
    code: CodeView<'a>,
    method: &'a Method,
    frame: usize,
    returns_to: usize,
    /// The start of the catch block that its exceptions lead to.
    catch: Option<usize>,
}

impl Copying<'_> {
    /// Returns copies of the blocks of the method, INITSLOT included.
    fn blocks(&self) -> Blocks {
        let region = &self.method.region;
        let (mut copies, mut thrown) = (Blocks::new(), BTreeSet::new());
        for (&start, block) in &region.blocks {
            let instructions: Vec<_> = block.instructions.iter().map(|ins| self.copy(ins)).collect();
            let returns = instructions.last().is_some_and(|ins| matches!(ins.inlined, Some(Inlined::Ret(_))));
            thrown.extend(block.next.iter().filter(|next| !region.blocks.contains_key(next)));
            let next = block.next.iter().map(|&next| self.index(next)).chain(returns.then_some(self.returns_to));
            copies.insert(self.index(start), Block::new(instructions, next.collect(), Vec::new()));
        }
        let throw = |&index: &usize| self.throw(index);
        copies
            .extend(thrown.iter().filter_map(throw).map(|ins| (ins.index, Block::new(vec![ins], vec![], Vec::new()))));
        self.begin(&mut copies);
        copies
    }

    /// Adds INITSLOT: to the first block if nothing else leads there, or as a block of its own.
    fn begin(&self, copies: &mut Blocks) {
        let Method { entry, region, .. } = self.method;
        let init = Ins::read(self.code, self.index(*entry)).filter(|_| *entry != region.entry);
        let Some(init) = init.map(|init| Ins { inlined: Some(Inlined::Init), ..init }) else { return };
        let (first, mut instructions) = (self.index(region.entry), vec![init]);
        let is_reached_again = region.blocks.get(&region.entry).is_none_or(|block| block.predecessors > 0);
        let next = match copies.remove(&first) {
            Some(block) if !is_reached_again => {
                instructions.extend(block.instructions);
                block.next
            }
            block => {
                copies.extend(block.map(|block| (first, block)));
                vec![first]
            }
        };
        copies.insert(init.index, Block::new(instructions, next, Vec::new()));
    }

    fn index(&self, index: usize) -> usize {
        in_frame(index, self.frame)
    }

    fn copy(&self, ins: &Ins) -> Ins {
        let (index, leads_to) = (self.index(ins.index), self.catch.filter(|_| ins.throws()));
        match ins.flow() {
            Flow::Return => Ins { index, inlined: Some(Inlined::Ret(self.returns_to)), returns: false, ..*ins },
            // The target of a call is the method.
            Flow::Call => Ins { index, leads_to, ..*ins },
            _ => Ins { index, leads_to, target: ins.target.map(|target| self.index(target)), ..*ins },
        }
    }

    /// Returns the copy of the THROW with an index, which ends the method for the interpreter, if its exception is
    /// caught.
    fn throw(&self, index: usize) -> Option<Ins> {
        let ins = Ins::read(self.code, index).filter(|ins| ins.opcode == OpCode::THROW && self.catch.is_some())?;
        Some(self.copy(&ins))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{
            methods::{Methods, Without},
            region::{Region, tests::code},
        },
        compile::Speculation,
    };

    /// Returns the region of the loop at instruction 1, and the methods that it calls.
    fn region(text: &str) -> (Region, Methods) {
        let code = code(text);
        Methods::region(CodeView::new(&code), 1, &Speculation::default(), &Without::default()).unwrap()
    }

    fn calls(region: &Region) -> usize {
        region.called().count()
    }

    #[test]
    fn a_method_within_another_has_slots_behind_the_others() {
        let (region, methods) = region(
            "PUSH9\nn: DUP\nPUSH2\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET
             f: INITSLOT 3, 2\nLDARG0\nCALL g\nRET\ng: INITSLOT 1, 1\nLDARG0\nJMPIFNOT z\nLDARG0\nINC\nRET\nz: PUSH5\nRET",
        );
        let [outer, inner] = region.frames[..] else { panic!("{region:?}") };
        assert_eq!((outer.locals, outer.arguments, outer.slots, outer.depth, outer.returns_to), (3, 2, 2, 1, 4));
        assert_eq!((inner.locals, inner.arguments, inner.slots, inner.depth), (1, 1, 6, 2));
        assert_eq!((inner.slots_end(), frame_of(inner.returns_to), frame_of(inner.entry)), (7, 1, 2));
        assert_eq!(CodeView::original(inner.returns_to), CodeView::original(outer.entry) + 3);
        // In the inner method: one item of the loop, one of its own, and all slots.
        assert_eq!((region.room, region.depth(), calls(&region), methods.found.len()), (8, 2, 0, 0));
        let active: Vec<_> = region.active_frames(inner.entry + 1).map(|(index, _)| index).collect();
        assert_eq!(active, [inner.entry + 1, inner.returns_to]);
    }

    #[test]
    fn each_call_has_a_frame_of_its_own() {
        let (region, _) = region("PUSH9\nn: CALL f\nCALL f\nDUP\nJMPIF n\nRET\nf: INITSLOT 0, 1\nLDARG0\nDEC\nRET");
        let ends: Vec<_> = region.frames.iter().map(|frame| (frame.slots, frame.returns_to, frame.depth)).collect();
        assert_eq!(ends, [(1, 2, 1), (1, 3, 1)]);
        assert_eq!(region.instructions, 4 + 2 * 4);
    }

    #[test]
    fn recursion_ends() {
        let nops = |count| "NOP\n".repeat(count);
        for (length, levels) in [(0, 2), (SHORT, 1)] {
            let text = "PUSH9\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 0, 1\nLDARG0\nJMPIFNOT z\nLDARG0\nDEC\nCALL f\nRET\nz: ";
            let (region, methods) = region(&format!("{text}{}PUSH1\nRET", nops(length)));
            assert_eq!((region.depth(), calls(&region)), (1, 1));
            let [method] = methods.found.values().collect::<Vec<_>>()[..] else { panic!("{methods:?}") };
            assert_eq!((method.region.depth(), calls(&method.region)), (levels, 1), "{length}");
        }
    }

    #[test]
    fn long_methods_are_called() {
        let looping = "m: LDARG0\nDEC\nDUP\nSTARG0\nJMPIF m\n".to_owned();
        for (body, inlined) in [(looping, 1), ("NOP\n".repeat(MAX_METHOD), 0)] {
            let text =
                format!("PUSH9\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 0, 1\n{body}LDARG0\nRET");
            let (region, methods) = region(&text);
            let called = 1 - inlined;
            assert_eq!((region.frames.len(), calls(&region), methods.found.len()), (inlined, called, called), "{body}");
        }
    }

    #[test]
    fn where_a_loop_begins_behind_the_slots_these_are_a_block_of_their_own() {
        let (region, _) = region(
            "PUSH9\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 0, 1\nm: LDARG0\nDEC\nDUP\nSTARG0\nJMPIF m\nLDARG0\nRET",
        );
        let entry = region.frames[0].entry;
        assert_eq!((region.blocks[&entry].instructions.len(), &region.blocks[&entry].next[..]), (1, &[entry + 1][..]));
        assert!(region.blocks[&(entry + 1)].is_loop);
    }

    #[test]
    fn what_works_on_other_than_small_values_is_inlined_if_it_returns() {
        for (methods, inlined) in [
            ("f: INITSLOT 1, 1\nLDARG0\nPUSHDATA1 \"x\"\nCAT\nSTLOC0\nLDLOC0\nRET", 1),
            ("f: DUP\nADD\nRET", 1),
            ("f: DUP\nCALL g\nADD\nRET\ng: INC\nRET", 2),
            // A system call on one way, and on all.
            ("f: INITSLOT 0, 1\nLDARG0\nJMPIF o\nSYSCALL 0x01020304\no: LDARG0\nRET", 1),
            ("f: INITSLOT 0, 1\nSYSCALL 0x01020304\nLDARG0\nRET", 0),
            // A slot that the method does not have, and another height at each RET.
            ("f: INITSLOT 0, 1\nPUSHDATA1 \"x\"\nSTLOC0\nLDARG0\nRET", 0),
            ("f: DUP\nJMPIF o\nPUSH1\nRET\no: RET", 0),
            // A way back to INITSLOT.
            ("f: INITSLOT 0, 1\nLDARG0\nJMPIFNOT o\nPUSH5\nJMP f\no: LDARG0\nRET", 0),
        ] {
            let (region, found) = region(&format!("PUSH9\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\n{methods}"));
            assert_eq!((region.frames.len(), found.found.len()), (inlined, 0), "{methods}");
        }
    }

    #[test]
    fn a_throw_leads_to_the_catch_block_of_the_caller() {
        let methods =
            "f: INITSLOT 0, 1\nLDARG0\nCALL g\nRET\ng: INITSLOT 0, 1\nLDARG0\nJMPIF o\nPUSH1\nTHROW\no: LDARG0\nRET";
        let (caught, _) = region(&format!(
            "PUSH9\nn: TRY c, -\nDUP\nCALL f\nDROP\nENDTRY d\nc: DROP\nDROP\nENDTRY d\nd: DEC\nDUP\nJMPIF n\nRET\n{methods}"
        ));
        let throws = |block: &&Block| block.instructions.iter().any(|ins| ins.opcode == OpCode::THROW);
        let thrown: Vec<_> = caught.blocks.values().filter(throws).map(|block| &block.handlers[..]).collect();
        assert_eq!(thrown, [[6]]);
        let (uncaught, _) = region(&format!("PUSH9\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\n{methods}"));
        assert!(!uncaught.blocks.values().any(|block| throws(&block)) && uncaught.frames.len() == 2);
    }

    #[test]
    fn what_inlining_adds_is_bounded() {
        let calls_of = |name: &str| format!("CALL_L {name}\n").repeat(30);
        let text = format!(
            "PUSH9\nn: {}DUP\nJMPIF_L n\nRET\nf: INITSLOT 0, 1\nLDARG0\n{}RET\ng: INITSLOT 0, 1\nLDARG0\nDEC\nRET",
            calls_of("f"),
            calls_of("g")
        );
        let (region, methods) = region(&text);
        let own = 32;
        assert!(region.instructions <= own + MAX_ADDED && !region.frames.is_empty(), "{}", region.instructions);
        assert!(methods.found.values().all(|method| method.region.instructions <= 40 + MAX_ADDED));
    }

    #[test]
    fn a_region_ends_before_a_call_that_is_neither_inlined_nor_compiled() {
        let (calls_of, nops) = ("CALL_L f\n".repeat(30), "NOP\n".repeat(40));
        let text = format!("PUSH9\nn: {calls_of}DEC\nDUP\nJMPIF_L n\nRET\nf: {nops}PUSHDATA1 \"x\"\nDROP\nRET");
        let (region, methods) = region(&text);
        assert_eq!((region.frames.len(), calls(&region), methods.found.len(), region.has_loop()), (4, 0, 0, false));
    }

    #[test]
    fn slots_that_inlining_adds_are_bounded() {
        for (locals, inlined) in [(40, 4), (255, 0)] {
            let calls_of = "CALL_L f\n".repeat(30);
            let text = format!("PUSH9\nn: {calls_of}DEC\nDUP\nJMPIF_L n\nRET\nf: INITSLOT {locals}, 0\nRET");
            let (region, _) = region(&text);
            assert_eq!(region.frames.len(), inlined, "{locals}");
        }
    }
}
