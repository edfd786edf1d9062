//! Inlined methods: their frames exist only in registers, and exits make them.
//!
//! The arguments of a call become values first, so the slots of inlined methods are values everywhere; a function for
//! which that does not work out is compiled without inlining. While a frame is not active its slots are Null.

use neovm_interp::tier::Width;

use super::{Translator, state::Item};
use crate::analysis::{
    inline::{Inlined, frame_of},
    instruction::{Ins, Slot},
};

impl Translator<'_> {
    /// Translates a call of an inlined method, its INITSLOT or its RET.
    pub(super) fn inlined(&mut self, ins: &Ins, inlined: Inlined) {
        // Slots of frames change without an instruction that stores to them.
        self.found.clear();
        match inlined {
            Inlined::Call(to) => self.call_inlined(ins, to),
            Inlined::Init => self.init_inlined(ins),
            Inlined::Ret(to) => {
                self.clear_slots(ins);
                self.settle(&[to]);
                self.go_to(to);
            }
        }
    }

    /// Makes the arguments values, and goes to INITSLOT.
    fn call_inlined(&mut self, ins: &Ins, to: usize) {
        let count = self.input.region.frame(to).map_or(0, |frame| usize::from(frame.arguments));
        for depth in 0..count {
            if self.peek(depth).is_value() {
                continue;
            }
            if self.must_not_speculate(ins) {
                return self.leave_at(ins);
            }
            self.hold_at(ins, depth);
            let is_wide = self.operand_width(ins, depth).is_some_and(|width| width > Width::Int);
            if !self.peek(depth).is_value() && !self.may_be_int_at(ins, depth) {
                return self.leave_at(ins);
            }
            if is_wide {
                self.number_at(ins, depth);
            } else {
                self.int_at(depth);
            }
        }
        self.settle(&[to]);
        self.go_to(to);
    }

    /// Moves the arguments to the slots of the frame.
    fn init_inlined(&mut self, ins: &Ins) {
        let Some(&frame) = self.input.region.frame(ins.index) else { return self.leave_at(ins) };
        if !(0..usize::from(frame.arguments)).all(|depth| self.peek(depth).is_value()) {
            return self.leave_at(ins);
        }
        // Local variables are Null: so are all slots of frames that are not active.
        for argument in 0..frame.arguments {
            let (index, item) = (self.used(ins, Slot::Argument(argument)), self.pop());
            self.state.slots[index] = item;
        }
    }

    /// Makes all slots of the frame Null.
    fn clear_slots(&mut self, ins: &Ins) {
        let slots = self.slots.iter().zip(&mut self.state.slots);
        slots.filter(|(used, _)| used.frame == frame_of(ins.index)).for_each(|(_, item)| *item = Item::Null);
    }
}
