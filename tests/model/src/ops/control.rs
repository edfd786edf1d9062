//! Jumps, calls, exceptions and system calls. Sources: `JumpTable.Control.cs`,
//! `VMUnhandledException.cs`.

use std::rc::Rc;

use num_bigint::BigInt;

use super::stray;
use crate::{
    error::{Done, fault, overflow},
    item::{Item, Kind},
    machine::{Machine, Try, TryState},
    opcode::{Instruction, Op::*},
};

impl Machine<'_> {
    pub(super) fn control_op(&mut self, instruction: &Instruction<'_>) -> Done {
        match instruction.op {
            NOP => Ok(()),
            JMP | JMP_L => self.jump(instruction),
            JMPIF | JMPIF_L => {
                if self.pop_boolean()? {
                    self.jump(instruction)
                } else {
                    Ok(())
                }
            }
            JMPIFNOT | JMPIFNOT_L => {
                if self.pop_boolean()? {
                    Ok(())
                } else {
                    self.jump(instruction)
                }
            }
            JMPEQ | JMPEQ_L => self.jump_if(instruction, |a, b| a == b),
            JMPNE | JMPNE_L => self.jump_if(instruction, |a, b| a != b),
            JMPGT | JMPGT_L => self.jump_if(instruction, |a, b| a > b),
            JMPGE | JMPGE_L => self.jump_if(instruction, |a, b| a >= b),
            JMPLT | JMPLT_L => self.jump_if(instruction, |a, b| a < b),
            JMPLE | JMPLE_L => self.jump_if(instruction, |a, b| a <= b),
            CALL | CALL_L => {
                let target = self.target(instruction.offset(0))?;
                self.call(target)
            }
            CALLA => self.call_pointer(),
            CALLT => {
                let token = u16::from_le_bytes([instruction.byte(0), instruction.byte(1)]);
                fault(format!("Token not found: {token}"))
            }
            ABORT => fault("ABORT is executed."),
            ASSERT => {
                if self.pop_boolean()? {
                    Ok(())
                } else {
                    fault("ASSERT is executed with false result.")
                }
            }
            THROW => {
                let exception = self.pop()?;
                self.throw(exception)
            }
            TRY | TRY_L => self.begin_try(instruction.offset(0), instruction.offset(1)),
            ENDTRY | ENDTRY_L => self.end_try(instruction.offset(0)),
            ENDFINALLY => self.end_finally(),
            RET => self.ret(),
            SYSCALL => {
                let id = u32::from_le_bytes([0, 1, 2, 3].map(|index| instruction.byte(index)));
                self.syscall(id)
            }
            op => stray(op),
        }
    }

    /// Returns the position that an offset leads to, without checking it.
    fn target(&mut self, offset: i32) -> Done<i32> {
        (self.context().position as i32).checked_add(offset).map_or_else(overflow, Ok)
    }

    fn jump(&mut self, instruction: &Instruction<'_>) -> Done {
        let target = self.target(instruction.offset(0))?;
        let length = self.context().load.script.len();
        if target < 0 || target as usize >= length {
            // The reference passes its message as the name of a parameter.
            return fault(format!(
                "Specified argument was out of the range of valid values. (Parameter 'Jump out of range for position: {target}')"
            ));
        }
        self.go_to(target)
    }

    fn jump_if(&mut self, instruction: &Instruction<'_>, test: impl Fn(BigInt, BigInt) -> bool) -> Done {
        let b = self.pop_integer()?;
        let a = self.pop_integer()?;
        if test(a, b) { self.jump(instruction) } else { Ok(()) }
    }

    /// Checks a position as the setter of the instruction pointer does, which allows the script's end.
    fn checked_position(&mut self, position: i32) -> Done<usize> {
        let length = self.context().load.script.len();
        if position < 0 || position as usize > length {
            return fault(format!("Out of script bounds: {position}/{length} (Parameter 'value')"));
        }
        Ok(position as usize)
    }

    fn go_to(&mut self, position: i32) -> Done {
        self.context().position = self.checked_position(position)?;
        self.jumping = true;
        Ok(())
    }

    fn call(&mut self, position: i32) -> Done {
        let position = self.checked_position(position)?;
        let load = Rc::clone(&self.context().load);
        self.load_context(load, 0, position)
    }

    fn call_pointer(&mut self) -> Done {
        match self.pop_pointer()? {
            Item::Pointer(script, position) if Rc::ptr_eq(&script, &self.context().load.script) => {
                self.call(position as i32)
            }
            _ => fault("Pointers can't be shared between scripts"),
        }
    }

    fn begin_try(&mut self, catch: i32, finally: i32) -> Done {
        if catch == 0 && finally == 0 {
            return fault("catchOffset and finallyOffset can't both be 0 in a TRY block.");
        }
        let limit = self.limits.max_try_nesting_depth as usize;
        if self.context().tries.as_ref().is_some_and(|tries| tries.len() >= limit) {
            return fault("MaxTryNestingDepth exceed.");
        }
        let catch = if catch == 0 { -1 } else { self.target(catch)? };
        let finally = if finally == 0 { -1 } else { self.target(finally)? };
        let tries = self.context().tries.get_or_insert_default();
        tries.push(Try { catch, finally, end: -1, state: TryState::Try });
        Ok(())
    }

    /// Returns the innermost try block of a context.
    fn try_block(&mut self, context: usize) -> Option<&mut Try> {
        self.contexts[context].tries.as_mut()?.last_mut()
    }

    fn pop_try(&mut self, context: usize) -> Option<Try> {
        self.contexts[context].tries.as_mut()?.pop()
    }

    fn end_try(&mut self, offset: i32) -> Done {
        let here = self.contexts.len() - 1;
        match self.try_block(here) {
            None => return fault("The corresponding TRY block cannot be found."),
            Some(block) if block.state == TryState::Finally => {
                return fault("The opcode ENDTRY can't be executed in a FINALLY block.");
            }
            Some(_) => {}
        }
        let end = self.target(offset)?;
        match self.try_block(here) {
            Some(block) if block.finally >= 0 => {
                block.state = TryState::Finally;
                block.end = end;
                let finally = block.finally;
                self.go_to(finally)
            }
            _ => {
                self.pop_try(here);
                self.go_to(end)
            }
        }
    }

    fn end_finally(&mut self) -> Done {
        let here = self.contexts.len() - 1;
        let Some(block) = self.pop_try(here) else {
            return fault("The corresponding TRY block cannot be found.");
        };
        match self.pending.clone() {
            None => self.go_to(block.end),
            Some(exception) => self.throw(exception),
        }
    }

    /// Throws an exception. The innermost try block that can still handle it does so.
    pub(crate) fn throw(&mut self, exception: Item) -> Done {
        self.pending = Some(exception.clone());
        for above in 0..self.contexts.len() {
            let context = self.contexts.len() - 1 - above;
            while let Some(block) = self.try_block(context) {
                let spent = block.state == TryState::Finally || block.state == TryState::Catch && block.finally < 0;
                if !spent {
                    (0..above).for_each(|_| self.unload());
                    return self.handle(exception);
                }
                self.pop_try(context);
            }
        }
        fault(unhandled_message(&exception))
    }

    /// Handles an exception with the innermost try block of the current context.
    fn handle(&mut self, exception: Item) -> Done {
        let here = self.contexts.len() - 1;
        let Some(block) = self.try_block(here) else { return fault("no try block") };
        if block.state == TryState::Try && block.catch >= 0 {
            block.state = TryState::Catch;
            let catch = block.catch;
            self.push(exception);
            self.go_to(catch)?;
            self.pending = None;
            Ok(())
        } else {
            block.state = TryState::Finally;
            let finally = block.finally;
            self.go_to(finally)
        }
    }

    /// Returns from the current context. The outermost context of a load passes its items to its
    /// caller.
    fn ret(&mut self) -> Done {
        let here = self.contexts.len() - 1;
        let context = &self.contexts[here];
        let below = here.checked_sub(1).map(|below| &self.contexts[below].load);
        if !below.is_some_and(|below| Rc::ptr_eq(below, &context.load)) {
            let items = context.load.stack.borrow().clone();
            let expected = context.return_count;
            if expected >= 0 && items.len() != expected as usize {
                let count = items.len();
                return fault(format!(
                    "Return value count mismatch: expected {expected}, but got {count} items on the evaluation stack"
                ));
            }
            // The items stay counted while they are moved.
            match below {
                Some(below) => below.stack.borrow_mut().extend(items),
                None => self.results.extend(items),
            }
        }
        self.unload();
        self.jumping = true;
        Ok(())
    }
}

/// Returns the message of an unhandled exception.
fn unhandled_message(exception: &Item) -> String {
    let message = "An unhandled exception was thrown.";
    let shown = match exception {
        Item::Compound(list) if list.kind != Kind::Map => list.values.borrow().first().cloned(),
        item => Some(item.clone()),
    };
    match shown {
        Some(Item::ByteString(bytes)) => format!("{message} {}", String::from_utf8_lossy(&bytes)),
        _ => message.into(),
    }
}
