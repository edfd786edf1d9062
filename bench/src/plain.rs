//! Workloads written by hand in plain Rust, with which the machine code of scripts is compared.
//!
//! The functions compute what the scripts compute, without shortcuts that a compiler of the scripts
//! could not take:
//! - They have the same loops and calls in the same order, and no closed forms.
//! - They use 64-bit integers with checked arithmetic, which is enough for these workloads. A function
//!   returns `None` if a result does not fit, just as a script faults if a result exceeds 256 bits.
//! - They count gas. Each iteration of a loop and, in recursive workloads, each call costs a constant,
//!   and a function that runs out of gas returns `None`.
//! - Remainders have the sign of the divisor, as in the source language of the scripts.
//!
//! The functions are never inlined, and their arguments and results are opaque to the optimizer.
//! Constants in a script, such as the divisor of a remainder, are constants here as well.
//!
//! Unlike a script, the functions do not support larger integers or types that are only known at run
//! time, do not check the item limit, and do not count gas for each instruction.

use std::hint::black_box;

/// The cost of an iteration or a call.
const COST: i64 = 100;

/// A workload written by hand.
pub struct Plain {
    /// The workload's name.
    pub id: &'static str,
    /// The argument that the script passes to its function.
    argument: i64,
    function: fn(i64, &mut i64) -> Option<i64>,
}

/// All workloads that are available in plain Rust.
static ALL: [Plain; 6] = [
    Plain { id: "loop_sum", argument: 1_000_000, function: loop_sum },
    Plain { id: "collatz", argument: 2000, function: collatz },
    Plain { id: "count_primes", argument: 6000, function: count_primes },
    Plain { id: "gcd_sum", argument: 8000, function: gcd_sum },
    Plain { id: "fib", argument: 100_000, function: fib },
    Plain { id: "fib_rec", argument: 21, function: fib_rec },
];

impl Plain {
    /// Returns the function for a workload, or `None` if there is none.
    pub fn find(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|plain| plain.id == id)
    }

    /// Runs the function with the largest possible amount of gas. Returns `None` if a number does not
    /// fit.
    #[inline(never)]
    pub fn run(&self) -> Option<i64> {
        let mut gas = black_box(i64::MAX);
        let result = (self.function)(black_box(self.argument), &mut gas);
        black_box(gas);
        black_box(result)
    }
}

/// Pays for an iteration or a call. Returns `None` if there is not enough gas.
#[inline(always)]
fn pay(gas: &mut i64) -> Option<()> {
    *gas -= COST;
    (*gas >= 0).then_some(())
}

/// Returns the floor remainder, which has the sign of the divisor.
#[inline(always)]
fn modulo(value: i64, divisor: i64) -> Option<i64> {
    let rest = value.checked_rem(divisor)?;
    if rest.signum() != divisor.signum() && rest != 0 { rest.checked_add(divisor) } else { Some(rest) }
}

/// Returns the sum of the numbers below `end`.
#[inline(never)]
fn loop_sum(end: i64, gas: &mut i64) -> Option<i64> {
    let (mut i, mut sum) = (0_i64, 0_i64);
    loop {
        pay(gas)?;
        sum = sum.checked_add(i)?;
        i = i.checked_add(1)?;
        if i >= end {
            return Some(sum);
        }
    }
}

/// Returns the largest number of steps that the Collatz sequence of a number below `end` takes to
/// reach 1.
#[inline(never)]
fn collatz(end: i64, gas: &mut i64) -> Option<i64> {
    let (mut most, mut start) = (0_i64, 1_i64);
    while start < end {
        pay(gas)?;
        let (mut number, mut steps) = (start, 0_i64);
        while number != 1 {
            pay(gas)?;
            number = if modulo(number, 2)? == 0 {
                number.checked_div(2)?
            } else {
                3_i64.checked_mul(number)?.checked_add(1)?
            };
            steps = steps.checked_add(1)?;
        }
        if steps > most {
            most = steps;
        }
        start = start.checked_add(1)?;
    }
    Some(most)
}

/// Returns the number of primes below `end`, by trial division.
#[inline(never)]
fn count_primes(end: i64, gas: &mut i64) -> Option<i64> {
    let (mut count, mut number) = (0_i64, 2_i64);
    while number < end {
        pay(gas)?;
        let (mut prime, mut divisor) = (true, 2_i64);
        while divisor.checked_mul(divisor)? <= number {
            pay(gas)?;
            if modulo(number, divisor)? == 0 {
                prime = false;
                break;
            }
            divisor = divisor.checked_add(1)?;
        }
        if prime {
            count = count.checked_add(1)?;
        }
        number = number.checked_add(1)?;
    }
    Some(count)
}

/// Returns a sum of greatest common divisors, by Euclid's algorithm.
#[inline(never)]
fn gcd_sum(end: i64, gas: &mut i64) -> Option<i64> {
    let (mut sum, mut i) = (0_i64, 1_i64);
    while i < end {
        pay(gas)?;
        let (mut a, mut b) = (i.checked_mul(7919)?, 1_000_003_i64);
        while b != 0 {
            pay(gas)?;
            (a, b) = (b, modulo(a, b)?);
        }
        sum = sum.checked_add(a)?;
        i = i.checked_add(1)?;
    }
    Some(sum)
}

/// Returns a Fibonacci number modulo a prime, by a loop.
#[inline(never)]
fn fib(end: i64, gas: &mut i64) -> Option<i64> {
    let (mut a, mut b, mut i) = (0_i64, 1_i64, 0_i64);
    while i < end {
        pay(gas)?;
        (a, b) = (b, modulo(a.checked_add(b)?, 1_000_000_007)?);
        i = i.checked_add(1)?;
    }
    Some(a)
}

/// Returns a Fibonacci number, by recursion.
#[inline(never)]
fn fib_rec(number: i64, gas: &mut i64) -> Option<i64> {
    pay(gas)?;
    if number < 2 {
        return Some(number);
    }
    fib_rec(number.checked_sub(1)?, gas)?.checked_add(fib_rec(number.checked_sub(2)?, gas)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_those_of_the_scripts() {
        let lines = include_str!("../../tests/data/workloads.jsonl").lines();
        let lines: Vec<serde_json::Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        for plain in &ALL {
            let line = lines.iter().find(|line| line["id"] == plain.id).expect(plain.id);
            if let Some(argument) = line.get("args") {
                assert_eq!(*argument, serde_json::json!([plain.argument]), "{}", plain.id);
            }
            let result = plain.run().map(|result| result.to_string());
            assert_eq!(result.as_deref(), line["expect"].as_str(), "{}", plain.id);
        }
    }

    #[test]
    fn gas_ends_it() {
        for plain in &ALL {
            assert_eq!((plain.function)(plain.argument, &mut (COST * 10)), None, "{}", plain.id);
        }
    }

    #[test]
    fn remainders_have_the_sign_of_the_divisor() {
        let rests = [(7, 3), (-7, 3), (7, -3), (-7, -3), (6, -3)].map(|(value, divisor)| modulo(value, divisor));
        assert_eq!(rests, [Some(1), Some(2), Some(-2), Some(-1), Some(0)]);
        assert_eq!(modulo(1, 0), None);
    }
}
