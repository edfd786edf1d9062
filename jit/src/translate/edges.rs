//! The edges between blocks: what is known where a block begins, and the variables that carry it there.

use std::collections::BTreeMap;

use cranelift_codegen::ir::{Block, types::I64};
use cranelift_frontend::{FunctionBuilder, Variable};

use super::state::{Kind, Shape, State};

/// The variables of an item: its payload, and its tag where that is not known.
pub(super) type Words = [Variable; 2];

/// The blocks of a function, and what goes over the edges between them.
#[derive(Debug)]
pub(super) struct Edges {
    blocks: BTreeMap<usize, Block>,
    /// What is known where each block begins; found on the way.
    shapes: BTreeMap<usize, Shape>,
    /// Whether something found on the way changes what was translated already.
    pub(super) again: bool,
    /// The variables of the items of the stack, from the lowest that the region touches up.
    pub(super) stack: Vec<Words>,
    /// The variables of slots.
    pub(super) slots: Vec<Words>,
}

impl Edges {
    /// Edges between the blocks that begin at some places, with what is known of them from an earlier round.
    pub(super) fn new(
        builder: &mut FunctionBuilder<'_>,
        starts: &[usize],
        shapes: BTreeMap<usize, Shape>,
        depth: usize,
        slots: usize,
    ) -> Self {
        let mut words = |_| [builder.declare_var(I64), builder.declare_var(I64)];
        let slots = (0..slots).map(&mut words).collect();
        let stack = (0..depth).map(&mut words).collect();
        let blocks = starts.iter().map(|&start| (start, builder.create_block())).collect();
        Self { blocks, shapes, again: false, stack, slots }
    }

    /// The block that begins at a place.
    pub(super) fn block(&self, start: usize) -> Option<Block> {
        self.blocks.get(&start).copied()
    }

    /// What is known where a block begins; nothing if none was found so far that leads to it.
    pub(super) fn shape(&self, start: usize) -> Option<&Shape> {
        self.shapes.get(&start)
    }

    /// Sets what is known where a block begins.
    pub(super) fn set_shape(&mut self, start: usize, shape: Shape) {
        self.shapes.insert(start, shape);
    }

    /// What is known where a block begins that a state leads to: that of the state, if it is the first. From now on,
    /// only what holds for the state too is.
    pub(super) fn join(&mut self, start: usize, state: &State) -> Shape {
        let shape = self.shapes.entry(start).or_insert_with(|| Shape::of(state));
        let before = shape.clone();
        self.again |= shape.join(state);
        before
    }

    /// What some blocks take an item of the stack for.
    pub(super) fn kinds<'a>(
        &'a self,
        starts: &'a [usize],
        index: usize,
    ) -> impl Iterator<Item = Option<Kind>> + use<'a> {
        starts.iter().filter_map(|start| self.shapes.get(start)).map(move |shape| shape.stack.get(index).copied())
    }

    /// Whether a block expects an item in memory that is not there yet.
    pub(super) fn writes(&self, start: usize, state: &State) -> bool {
        let Some(shape) = self.shapes.get(&start) else { return false };
        let stack = state.stack.iter().zip(&shape.stack);
        let mut items = stack.chain(state.slots.iter().zip(&shape.slots));
        items.any(|(item, kind)| *kind == Kind::Mem && item.is_value())
    }

    /// Whether a slot is in memory where some block begins.
    pub(super) fn has_slot_in_memory(&self) -> bool {
        self.shapes.values().any(|shape| shape.slots.contains(&Kind::Mem))
    }

    /// What was found, for the next round.
    pub(super) fn into_shapes(self) -> BTreeMap<usize, Shape> {
        self.shapes
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
        Edges::new(&mut builder, &[3, 8], BTreeMap::new(), 2, 1)
    }

    fn state(stack: &[Item], slot: Item) -> State {
        State { stack: stack.to_vec(), slots: vec![slot] }
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
        let mut words: Vec<_> = edges.stack.iter().chain(&edges.slots).flatten().collect();
        words.sort_by_key(|variable| variable.as_u32());
        words.dedup();
        assert_eq!((words.len(), edges.stack.len(), edges.slots.len()), (6, 2, 1));
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
        // The block still begins as the first edge says; the next round knows better.
        assert_eq!(edges.join(3, &state(&[boolean()], Item::Null)), Shape::of(&first));
        assert!(edges.again);
        assert_eq!(edges.shape(3), Some(&Shape { stack: vec![Kind::Scalar], slots: vec![Kind::Null] }));
    }

    #[test]
    fn items_that_a_block_expects_in_memory_are_written() {
        let mut edges = edges();
        edges.set_shape(3, Shape { stack: vec![Kind::Mem], slots: vec![Kind::Int] });
        assert!(edges.writes(3, &state(&[int()], int())));
        assert!(!edges.writes(3, &state(&[Item::Mem(false)], int())));
        assert!(!edges.writes(8, &state(&[int()], int())), "nothing is known of that block");
        assert!(!edges.has_slot_in_memory());
        edges.set_shape(8, Shape { stack: vec![], slots: vec![Kind::Mem] });
        assert!(edges.has_slot_in_memory());
        assert_eq!(edges.kinds(&[3, 8, 9], 0).collect::<Vec<_>>(), [Some(Kind::Mem), None]);
    }
}
