//! Stack manipulation. Sources: `JumpTable.Stack.cs`, `EvaluationStack.cs`.

use super::stray;
use crate::{
    error::{Done, fault},
    machine::Machine,
    opcode::Op::{self, *},
};

impl Machine<'_> {
    pub(super) fn stack_op(&mut self, op: Op) -> Done {
        match op {
            DEPTH => self.push_integer(self.stack_len()),
            DROP => self.pop().map(drop),
            NIP => self.remove(1).map(drop),
            XDROP => {
                let index = self.pop_index(op)?;
                self.remove(index).map(drop)
            }
            CLEAR => self.clear(),
            DUP => self.push_copy(0),
            OVER => self.push_copy(1),
            PICK => {
                let index = self.pop_index(op)?;
                self.push_copy(index)
            }
            TUCK => self.tuck(),
            SWAP => {
                self.check_swap(1)?;
                self.reverse(2)
            }
            ROT => {
                self.check_swap(2)?;
                self.with_stack(|stack| {
                    let item = stack.remove(stack.len() - 3);
                    stack.push(item);
                });
                Ok(())
            }
            ROLL => match self.pop_index(op)? {
                // The stack is not accessed, so it may be empty.
                0 => Ok(()),
                index => {
                    let item = self.remove(index)?;
                    self.push(item);
                    Ok(())
                }
            },
            REVERSE3 => self.reverse(3),
            REVERSE4 => self.reverse(4),
            REVERSEN => {
                let count = self.pop_i32()?;
                self.reverse(count)
            }
            op => stray(op),
        }
    }

    /// Pops the depth of an item. Faults if it is negative.
    fn pop_index(&mut self, op: Op) -> Done<usize> {
        let index = self.pop_i32()?;
        if index < 0 {
            return fault(format!("The negative value {index} is invalid for OpCode.{}.", op.name()));
        }
        Ok(index as usize)
    }

    fn push_copy(&mut self, index: usize) -> Done {
        let item = self.peek(index)?;
        self.push(item);
        Ok(())
    }

    fn clear(&mut self) -> Done {
        let items = self.with_stack(std::mem::take);
        items.iter().for_each(|item| self.counter.remove(item));
        Ok(())
    }

    fn tuck(&mut self) -> Done {
        let item = self.peek(0)?;
        let count = self.stack_len();
        if count < 2 {
            return fault(format!("Insert index is out of stack bounds: 2/{count}"));
        }
        self.counter.add(&item);
        self.with_stack(|stack| stack.insert(count - 2, item));
        Ok(())
    }

    /// Checks that there is an item at the depth that SWAP or ROT accesses.
    fn check_swap(&self, index: usize) -> Done {
        let count = self.stack_len();
        if index >= count {
            // The reference passes its message as the name of a parameter.
            return fault(format!(
                "Specified argument was out of the range of valid values. (Parameter 'Swap index is out of stack bounds: {index}/{count}')"
            ));
        }
        Ok(())
    }

    fn reverse(&mut self, n: i32) -> Done {
        let count = self.stack_len();
        if n < 0 || n as usize > count {
            return fault(format!("Out of stack bounds: {n}/{count} (Parameter 'n')"));
        }
        self.with_stack(|stack| stack[count - n as usize..].reverse());
        Ok(())
    }
}
