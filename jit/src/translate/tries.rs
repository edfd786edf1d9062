//! Try blocks. Opening and ending them emits no code: exits push those that are open. An exception that a catch block
//! of the region catches is a jump to it.

use cranelift_codegen::ir::{InstBuilder, Value, condcodes::IntCC};
use neovm_interp::tier::{
    HeldTry, Leave, TryPart,
    builtins::{BEGIN_TRIES, INDEX_EXCEPTION},
    layout,
};

use super::{
    Translator,
    exit::Why,
    state::{Item, State, Tried},
};
use crate::analysis::{
    instruction::Ins,
    tries::{self, Part},
};

impl Translator<'_> {
    /// Exits if the machine cannot have as many try blocks open as the region, or if an exception is pending.
    pub(super) fn begin_tries(&mut self) {
        let most = self.number(self.input.region.tries as i64);
        let [none] = self.call_native(&BEGIN_TRIES, [self.vm, most]);
        self.leave_if(none, Leave::Resume, Why::Room);
    }

    /// Opens and ends try blocks as an instruction does.
    pub(super) fn follow_tries(&mut self, ins: &Ins) {
        let mut open = self.state.open_tries();
        ins.follow_tries(&mut open);
        self.state.set_tries(&open);
    }

    /// Throws the item on top.
    pub(super) fn throw(&mut self, ins: &Ins) {
        let Some(catch) = self.begin_catch(ins) else { return self.leave_at(ins) };
        self.leave_frames(ins, catch);
        self.settle(&[catch]);
        self.go_to(catch);
    }

    /// Closes the try blocks that an exception of an instruction leaves, and returns where it is caught.
    fn begin_catch(&mut self, ins: &Ins) -> Option<usize> {
        let catch = ins.catch()?;
        let mut open = self.state.open_tries();
        let (place, _) = tries::catcher(&open).filter(|&(_, found)| found == catch)?;
        tries::catch(&mut open, place);
        self.state.set_tries(&open);
        Some(catch)
    }

    /// Goes to the catch block of the region unless an index lies inside a compound of a length. The instruction takes
    /// `operands` items.
    pub(super) fn throw_unless(&mut self, ins: &Ins, inside: Value, index: Value, length: Value, operands: usize) {
        // What was computed so far has to be right when an exception is seen.
        self.check_overflow();
        let inside = self.counted(inside, false);
        let throws = self.cold_block();
        self.go_on_if(inside, throws);
        let Some(go_on) = self.builder.current_block() else { return };
        self.continue_in(throws);
        let (state, meter) = (self.state.clone(), self.gas.meter);
        let kept = self.state.stack.len() - operands;
        self.state.stack.truncate(kept);
        let cell = i64::from(self.stack_offset(kept));
        let cell = self.plus(self.base, cell);
        let [thrown] = self.call_native(&INDEX_EXCEPTION, [self.vm, index, length, cell]);
        let not_thrown = self.builder.ins().icmp_imm_s(IntCC::Equal, thrown, 0);
        let exit = self.guard_exit(Some(self.current));
        self.go_to_if(not_thrown, exit);
        let segment = self.segment.clone();
        self.push(Item::Mem(true));
        self.gas.end();
        if let Some(catch) = self.begin_catch(ins) {
            self.leave_frames(ins, catch);
            self.begin_segment(catch, 0);
            self.settle(&[catch]);
            self.go_to(catch);
        }
        (self.state, self.gas.meter, self.segment, self.dead) = (state, meter, segment, false);
        self.builder.switch_to_block(go_on);
    }

    /// Returns the try blocks that an exit opens, and stores which parts of them run where only a value tells.
    pub(super) fn hold_tries(&mut self, state: &State) -> Box<[HeldTry]> {
        let mut held = Vec::new();
        for (place, &Tried { open, is_catch }) in state.tries.iter().enumerate() {
            let position = |handler: Option<usize>| handler.map_or(-1, |index| self.input.code.position(index) as i32);
            let (catch, finally) = (position(open.handlers.catch), position(open.handlers.finally));
            let (part, end) = match open.part {
                Part::Try => (TryPart::Try, -1),
                Part::Catch => (TryPart::Catch, -1),
                Part::Either => (TryPart::Stored(place), -1),
                Part::Finally { end } => (TryPart::Finally, position(Some(end))),
            };
            held.push(HeldTry { catch, finally, end, part });
            if let Some(is_catch) = is_catch {
                self.store(is_catch, self.vm, layout::TRY_PARTS + 8 * place as i32);
            }
        }
        held.into()
    }

    /// Returns the try blocks that are open where a block begins.
    pub(super) fn read_tries(&mut self, open: &[tries::OpenTry]) -> Vec<Tried> {
        let variables = self.edges.tries.clone();
        let tried = |(&open, variable): (&tries::OpenTry, _)| {
            let is_catch = (open.part == Part::Either).then(|| self.builder.use_var(variable));
            Tried { open, is_catch }
        };
        open.iter().zip(variables).map(tried).collect()
    }

    /// Passes the try blocks to a block that expects some of them as either.
    pub(super) fn hand_over_tries(&mut self, expected: &[tries::OpenTry]) {
        for (place, expected) in expected.iter().enumerate() {
            if expected.part != Part::Either {
                continue;
            }
            let tried = self.state.tries.get(place);
            let is_catch = tried.and_then(|tried| tried.is_catch);
            let in_catch = tried.is_some_and(|tried| tried.open.part == Part::Catch);
            let is_catch = is_catch.unwrap_or_else(|| self.number(in_catch.into()));
            self.builder.def_var(self.edges.tries[place], is_catch);
        }
    }
}
