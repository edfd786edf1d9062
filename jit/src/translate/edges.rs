//! The edges between blocks: what is known at the start of each block, and the variables that carry it there.

use std::collections::{BTreeMap, BTreeSet};

use cranelift_codegen::ir::{Block, types::I64};
use cranelift_frontend::{FunctionBuilder, Variable};

use super::state::{Kind, Shape, State};

/// The variables of an item. A branch may hand an item to both blocks that follow it, as different kinds: each variable
/// has one meaning, so that what one block is given is not what the other one reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// The words of an integer, the lowest first: as many as the kind has. The lowest is the payload of other kinds.
    pub(super) number: [Variable; 4],
    /// The tag, for kinds that do not determine it.
    pub(super) tag: Variable,
}

/// What one round of translation finds out for the next.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// What is known at the start of each block.
    shapes: BTreeMap<usize, Shape>,
    /// The slots of inlined methods, by their index in the region, that held items in memory.
    in_memory: BTreeSet<usize>,
}

/// The blocks of a function, and what their edges carry.
#[derive(Debug)]
pub(super) struct Edges {
    blocks: BTreeMap<usize, Block>,
    learned: Learned,
    /// Whether something was found that changes what has been translated already.
    pub(super) again: bool,
    /// The variables of stack items, from the lowest item that the region touches.
    pub(super) stack: Vec<Words>,
    /// The variables of the slots.
    pub(super) slots: Vec<Words>,
    /// The variables that tell whether the catch block of a try block runs, the outermost first.
    pub(super) tries: Vec<Variable>,
}

impl Edges {
    /// Makes the edges between the blocks that begin at some instructions, with what an earlier round found out, for
    /// the greatest numbers of items on the stack, of slots, and of open try blocks.
    pub(super) fn new(
        builder: &mut FunctionBuilder<'_>,
        starts: &[usize],
        learned: Learned,
        [depth, slots, tries]: [usize; 3],
    ) -> Self {
        let mut words =
            |_| Words { number: core::array::from_fn(|_| builder.declare_var(I64)), tag: builder.declare_var(I64) };
        let slots = (0..slots).map(&mut words).collect();
        let stack = (0..depth).map(&mut words).collect();
        let tries = (0..tries).map(|_| builder.declare_var(I64)).collect();
        let blocks = starts.iter().map(|&start| (start, builder.create_block())).collect();
        Self { blocks, learned, again: false, stack, slots, tries }
    }

    /// Returns the block that begins at an instruction.
    pub(super) fn block(&self, start: usize) -> Option<Block> {
        self.blocks.get(&start).copied()
    }

    /// Returns what is known at the start of a block; none if no edge to it was found so far.
    pub(super) fn shape(&self, start: usize) -> Option<&Shape> {
        self.learned.shapes.get(&start)
    }

    /// Sets what is known at the start of a block.
    pub(super) fn set_shape(&mut self, start: usize, shape: Shape) {
        self.learned.shapes.insert(start, shape);
    }

    /// Joins a state with what is known at the start of a block that follows it, and returns the shape that the block
    /// begins with: that of the first state that reached it.
    pub(super) fn join(&mut self, start: usize, state: &State) -> Shape {
        let shape = self.learned.shapes.entry(start).or_insert_with(|| Shape::of(state));
        let before = shape.clone();
        self.again |= shape.join(state);
        before
    }

    /// Returns the kinds that some blocks expect of a stack item.
    pub(super) fn kinds<'a>(
        &'a self,
        starts: &'a [usize],
        index: usize,
    ) -> impl Iterator<Item = Option<Kind>> + use<'a> {
        starts
            .iter()
            .filter_map(|start| self.learned.shapes.get(start))
            .map(move |shape| shape.stack.get(index).copied())
    }

    /// Returns whether a block expects an item in memory that is not there yet.
    pub(super) fn writes(&self, start: usize, state: &State) -> bool {
        let Some(shape) = self.learned.shapes.get(&start) else { return false };
        let stack = state.stack.iter().zip(&shape.stack);
        let mut items = stack.chain(state.slots.iter().zip(&shape.slots));
        items.any(|(item, kind)| *kind == Kind::Mem && item.is_value())
    }

    /// Returns the slots, by their index in the region, that are in memory at the start of blocks.
    pub(super) fn slots_in_memory(&self) -> impl Iterator<Item = usize> {
        let slots = self.learned.shapes.values().flat_map(|shape| shape.slots.iter().enumerate());
        slots.filter(|(_, kind)| **kind == Kind::Mem).map(|(index, _)| index)
    }

    /// Returns the kinds that some blocks expect of a slot.
    pub(super) fn slot_kinds<'a>(&'a self, starts: &'a [usize], index: usize) -> impl Iterator<Item = Kind> + use<'a> {
        starts.iter().filter_map(|start| self.learned.shapes.get(start)).map(move |shape| shape.slots[index])
    }

    /// Notes that a slot of an inlined method holds an item in memory.
    pub(super) fn note_in_memory(&mut self, index: usize) {
        self.again |= self.learned.in_memory.insert(index);
    }

    /// Returns whether a slot of an inlined method holds an item in memory at some point.
    pub(super) fn is_in_memory(&self, index: usize) -> bool {
        self.learned.in_memory.contains(&index)
    }

    /// Returns what was found, for the next round.
    pub(super) fn into_learned(self) -> Learned {
        self.learned
    }
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::ir::{Function, Value};
    use cranelift_frontend::FunctionBuilderContext;

    use super::{super::state::Item, *};

    fn edges() -> Edges {
        let (mut function, mut context) = (Function::new(), FunctionBuilderContext::new());
        let mut builder = FunctionBuilder::new(&mut function, &mut context);
        Edges::new(&mut builder, &[3, 8], Learned::default(), [2, 1, 0])
    }

    fn state(stack: &[Item], slot: Item) -> State {
        State { stack: stack.to_vec(), slots: vec![slot], tries: Vec::new() }
    }

    fn int() -> Item {
        Item::Int(Value::from_u32(1))
    }

    fn boolean() -> Item {
        Item::Bool(Value::from_u32(2))
    }

    #[test]
    fn each_block_and_item_has_its_own() {
        let edges = edges();
        assert!(edges.block(3).is_some() && edges.block(3) != edges.block(8) && edges.block(4).is_none());
        let items = edges.stack.iter().chain(&edges.slots);
        let mut words: Vec<_> = items.flat_map(|words| words.number.into_iter().chain([words.tag])).collect();
        words.sort_by_key(|variable| variable.as_u32());
        words.dedup();
        assert_eq!((words.len(), edges.stack.len(), edges.slots.len()), (15, 2, 1));
    }

    #[test]
    fn the_first_edge_says_what_is_known() {
        let mut edges = edges();
        let first = state(&[int(), boolean()], Item::Null);
        assert_eq!(edges.join(3, &first), Shape::of(&first));
        assert_eq!(edges.join(3, &first), Shape::of(&first));
        assert!(!edges.again && edges.shape(8).is_none());
    }

    #[test]
    fn what_does_not_hold_for_all_edges_is_translated_again() {
        let mut edges = edges();
        let first = state(&[int()], Item::Null);
        edges.join(3, &first);
        // The block still begins as the first edge determined; the next round uses the join.
        assert_eq!(edges.join(3, &state(&[boolean()], Item::Null)), Shape::of(&first));
        assert!(edges.again);
        assert_eq!(edges.shape(3), Some(&Shape { stack: vec![Kind::Scalar], slots: vec![Kind::Null], tries: vec![] }));
    }

    #[test]
    fn items_that_a_block_expects_in_memory_are_written() {
        let mut edges = edges();
        edges.set_shape(3, Shape { stack: vec![Kind::Mem], slots: vec![Kind::Int], tries: vec![] });
        assert!(edges.writes(3, &state(&[int()], int())));
        assert!(!edges.writes(3, &state(&[Item::Mem(false)], int())));
        assert!(!edges.writes(8, &state(&[int()], int())), "nothing is known of that block");
        assert_eq!(edges.slots_in_memory().count(), 0);
        edges.set_shape(8, Shape { stack: vec![], slots: vec![Kind::Mem], tries: vec![] });
        assert_eq!(edges.slots_in_memory().collect::<Vec<_>>(), [0]);
        assert_eq!(edges.kinds(&[3, 8, 9], 0).collect::<Vec<_>>(), [Some(Kind::Mem), None]);
    }
}
