//! Inlining: calls of small methods become part of the function that calls them.
//!
//! The blocks of a method are copied for each call. The copies of its instructions have indices of their own: above the
//! bits that say which instruction of the script it is, they have the number of the frame that they run in. Frame 0
//! is the function's own.

use std::collections::{BTreeMap, VecDeque};

use neovm_interp::tier::CodeView;

use super::{
    instruction::{Flow, Ins},
    methods::Method,
    region::{Block, Blocks, MAX_BLOCKS},
};

/// The most instructions of a method that is inlined.
const MAX_METHOD: usize = 48;

/// The most instructions and slots that inlining adds to a function. Slots count because each is kept in every block.
const MAX_ADDED: usize = 192;

/// The most frames within one another.
const MAX_DEPTH: usize = 4;

/// How often a method is inlined in itself: once, or twice if it is as short as this.
const SHORT: usize = 24;

/// What becomes of an instruction where a method is inlined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inlined {
    /// The call: control goes to the copy of INITSLOT with this index.
    Call(usize),
    /// INITSLOT of the method.
    Init,
    /// RET of the method: control goes to the instruction with this index.
    Ret(usize),
}

/// The frame of an inlined method.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InlinedFrame {
    /// The index of its INITSLOT, in its frame.
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

/// Copies the small ones of the methods that blocks call to where they are called. `own` is the method that the blocks
/// are part of, if any. Returns the frames that the copies run in, from frame 1 on.
pub(crate) fn inline(
    code: CodeView<'_>,
    methods: &BTreeMap<usize, Method>,
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
        let Some(method) = methods.get(&target).filter(|method| is_small(method)) else { continue };
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
            || blocks.len() + method.region.blocks.len() > MAX_BLOCKS
        {
            continue;
        }
        let frame = frames.len() + 1;
        let slots = outer.map_or(0, |outer| outer.slots_end()) + usize::from(arguments);
        let (entry, returns_to) = (in_frame(target, frame), call.index + 1);
        let Some(init) = Ins::read(code, entry) else { continue };
        frames.push(InlinedFrame { entry, locals, arguments, returns_to, slots, depth });
        added += size;
        let copies = copy(method, init, frame, returns_to);
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

fn is_small(method: &Method) -> bool {
    method.region.instructions < MAX_METHOD && !method.region.has_loop()
}

/// Copies the blocks of a method, INITSLOT included, to a frame.
fn copy(method: &Method, init: Ins, frame: usize, returns_to: usize) -> Blocks {
    let copied = |ins: &Ins| {
        let index = in_frame(ins.index, frame);
        match ins.flow() {
            Flow::Return => Ins { index, inlined: Some(Inlined::Ret(returns_to)), returns: None, ..*ins },
            // The target of a call is the method.
            Flow::Call => Ins { index, ..*ins },
            _ => Ins { index, target: ins.target.map(|target| in_frame(target, frame)), ..*ins },
        }
    };
    let mut copies = Blocks::new();
    for (&start, block) in &method.region.blocks {
        let mut instructions: Vec<_> = block.instructions.iter().map(copied).collect();
        let returns = instructions.last().is_some_and(|ins| matches!(ins.inlined, Some(Inlined::Ret(_))));
        let next = block.next.iter().map(|&next| in_frame(next, frame)).chain(returns.then_some(returns_to));
        let next = next.collect();
        // Nothing jumps back to the first block, since there is no loop.
        let is_first = start == method.region.entry;
        if is_first {
            instructions.insert(0, Ins { inlined: Some(Inlined::Init), ..init });
        }
        let start = if is_first { init.index } else { in_frame(start, frame) };
        copies.insert(start, Block::new(instructions, next, Vec::new()));
    }
    copies
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
    fn long_methods_and_loops_are_called() {
        let looping = "m: LDARG0\nDEC\nDUP\nSTARG0\nJMPIF m\n";
        for body in [looping.to_owned(), "NOP\n".repeat(MAX_METHOD)] {
            let text =
                format!("PUSH9\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 0, 1\n{body}LDARG0\nRET");
            let (region, methods) = region(&text);
            assert_eq!((region.frames.len(), calls(&region), methods.found.len()), (0, 1, 1), "{body}");
        }
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
    fn slots_that_inlining_adds_are_bounded() {
        for (locals, inlined) in [(40, 4), (255, 0)] {
            let calls_of = "CALL_L f\n".repeat(30);
            let text = format!("PUSH9\nn: {calls_of}DEC\nDUP\nJMPIF_L n\nRET\nf: INITSLOT {locals}, 0\nRET");
            let (region, _) = region(&text);
            assert_eq!(region.frames.len(), inlined, "{locals}");
        }
    }
}
