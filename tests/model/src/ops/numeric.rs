//! Integers and conditions. Sources: `JumpTable.Numeric.cs`, `Utility.cs`;
//! `ApplicationEngine.cs` of the node for SHL and SHR before Gorgon.

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

use super::stray;
use crate::{
    error::{Done, fault},
    item::Item,
    machine::{Hardfork, Machine},
    opcode::Op::{self, *},
};

impl Machine<'_> {
    pub(super) fn numeric_op(&mut self, op: Op) -> Done {
        match op {
            SIGN | ABS | NEGATE | INC | DEC | SQRT | NZ => self.unary(op),
            ADD | SUB | MUL | DIV | MOD | MIN | MAX | NUMEQUAL | NUMNOTEQUAL => self.binary(op),
            LT | LE | GT | GE => self.compare(op),
            NOT | BOOLAND | BOOLOR => self.logical(op),
            POW => self.pow(),
            SHL | SHR => self.shift(op),
            MODMUL => {
                let modulus = self.pop_integer()?;
                let b = self.pop_integer()?;
                let a = self.pop_integer()?;
                check_divisor(&modulus)?;
                self.push_integer(a * b % modulus)
            }
            MODPOW => self.modpow(),
            WITHIN => {
                let end = self.pop_integer()?;
                let start = self.pop_integer()?;
                let x = self.pop_integer()?;
                self.push(Item::Boolean(start <= x && x < end));
                Ok(())
            }
            op => stray(op),
        }
    }

    fn unary(&mut self, op: Op) -> Done {
        let x = self.pop_integer()?;
        match op {
            SIGN => self.push_integer(x.signum()),
            ABS => self.push_integer(x.abs()),
            NEGATE => self.push_integer(-x),
            INC => self.push_integer(x + 1),
            DEC => self.push_integer(x - 1),
            SQRT if x.is_negative() => fault("value can not be negative"),
            SQRT => self.push_integer(x.sqrt()),
            NZ => {
                self.push(Item::Boolean(!x.is_zero()));
                Ok(())
            }
            op => stray(op),
        }
    }

    fn binary(&mut self, op: Op) -> Done {
        let b = self.pop_integer()?;
        let a = self.pop_integer()?;
        match op {
            ADD => self.push_integer(a + b),
            SUB => self.push_integer(a - b),
            MUL => self.push_integer(a * b),
            DIV | MOD => {
                check_divisor(&b)?;
                self.push_integer(if op == DIV { a / b } else { a % b })
            }
            MIN => self.push_integer(a.min(b)),
            MAX => self.push_integer(a.max(b)),
            NUMEQUAL | NUMNOTEQUAL => {
                self.push(Item::Boolean((a == b) == (op == NUMEQUAL)));
                Ok(())
            }
            op => stray(op),
        }
    }

    fn compare(&mut self, op: Op) -> Done {
        let b = self.pop()?;
        let a = self.pop()?;
        if matches!(a, Item::Null) || matches!(b, Item::Null) {
            self.push(Item::Boolean(false));
            return Ok(());
        }
        let (a, b) = (a.to_integer()?, b.to_integer()?);
        self.push(Item::Boolean(match op {
            LT => a < b,
            LE => a <= b,
            GT => a > b,
            _ => a >= b,
        }));
        Ok(())
    }

    fn logical(&mut self, op: Op) -> Done {
        let b = self.pop_boolean()?;
        let value = match op {
            NOT => !b,
            BOOLAND => self.pop_boolean()? && b,
            _ => self.pop_boolean()? || b,
        };
        self.push(Item::Boolean(value));
        Ok(())
    }

    /// Pops a shift or an exponent (`AssertShift`).
    fn pop_shift(&mut self) -> Done<u32> {
        let (shift, limit) = (self.pop_i32()?, self.limits.max_shift);
        if shift < 0 || shift as u32 > limit {
            return fault(format!("Invalid shift value: {shift}/{limit}"));
        }
        Ok(shift as u32)
    }

    fn pow(&mut self) -> Done {
        let exponent = self.pop_shift()?;
        let value = self.pop_integer()?;
        self.push_integer(value.pow(exponent))
    }

    fn shift(&mut self, op: Op) -> Done {
        let shift = self.pop_shift()?;
        if shift == 0 && self.hardfork < Hardfork::Default {
            return Ok(());
        }
        let value = self.pop_integer()?;
        self.push_integer(if op == SHL { value << shift } else { value >> shift })
    }

    fn modpow(&mut self) -> Done {
        let modulus = self.pop_integer()?;
        let exponent = self.pop_integer()?;
        let value = self.pop_integer()?;
        if exponent == BigInt::from(-1) {
            return self.push_integer(inverse(&value, &modulus)?);
        }
        if exponent.is_negative() {
            // The message shows the sign instead of the value.
            return fault("exponent ('-1') must be a non-negative value. (Parameter 'exponent')\nActual value was -1.");
        }
        check_divisor(&modulus)?;
        // Computed with magnitudes. The result has the sign of the power.
        let power = BigInt::from(value.magnitude().modpow(exponent.magnitude(), modulus.magnitude()));
        let negative = value.sign() == Sign::Minus && exponent.is_odd();
        self.push_integer(if negative { -power } else { power })
    }
}

fn check_divisor(divisor: &BigInt) -> Done {
    if divisor.is_zero() { fault("Attempted to divide by zero.") } else { Ok(()) }
}

/// Returns the modular inverse of a number (`ModInverse`).
fn inverse(value: &BigInt, modulus: &BigInt) -> Done<BigInt> {
    if !value.is_positive() {
        return fault(format!(
            "value ('{value}') must be a non-negative and non-zero value. (Parameter 'value')\nActual value was {value}."
        ));
    }
    if *modulus <= BigInt::one() {
        return fault(format!(
            "modulus ('{modulus}') must be greater than or equal to '2'. (Parameter 'modulus')\nActual value was {modulus}."
        ));
    }
    match value.modinv(modulus) {
        Some(inverse) => Ok(inverse),
        None => fault("Operation is not valid due to the current state of the object."),
    }
}
