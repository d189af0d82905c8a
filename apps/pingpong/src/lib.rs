//! Latency between two processes: `pingpong [ROUNDS] [call|send]`.
//!
//! The first process registers an endpoint with init and starts itself a second time with the name to look up. By
//! `call`, the second one calls and the first replies; by `send`, they exchange plain messages, for which the second
//! one moves a capability on an endpoint of its own.

use zos_process::abi::{SLOT_OWN_ENDPOINT, SPAWN_SHARE_CONSOLE};
use zos_process::{self as zos, Error, Limits, Permissions};

const USAGE: &str = "usage: pingpong [ROUNDS] [call|send]";
const DEFAULT_ROUNDS: u64 = 10_000;
const CHILD: &str = "--child";
const TAG_PING: u32 = 0x1_0000;
const TAG_PONG: u32 = 0x1_0001;
const TAG_HELLO: u32 = 0x1_0002;
const PATIENCE_MS: u64 = 10_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Call,
    Send,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Call => "call",
            By::Send => "send",
        }
    }
}

zos::entry!(main);

fn main() -> Result<i32, String> {
    let args = zos::args();
    let args: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    match args.as_slice() {
        [CHILD, name, rest @ ..] => {
            let (rounds, by) = parse(rest)?;
            answerer(name, rounds, by).map_err(|error| error.to_string())?;
            Ok(0)
        }
        rest => {
            let (rounds, by) = parse(rest)?;
            measure(rounds, by)
        }
    }
}

fn parse(args: &[&str]) -> Result<(u64, By), String> {
    let mut parsed = (DEFAULT_ROUNDS, By::Call);
    for argument in args {
        match (*argument, argument.parse()) {
            ("call", _) => parsed.1 = By::Call,
            ("send", _) => parsed.1 = By::Send,
            (_, Ok(rounds)) if rounds > 0 => parsed.0 = rounds,
            _ => return Err(format!("{}: {}", argument, USAGE)),
        }
    }
    Ok(parsed)
}

fn measure(rounds: u64, by: By) -> Result<i32, String> {
    let plain = |error: Error| error.to_string();
    let factory = zos::find_factory("start the other half of the measurement").map_err(|denied| denied.to_string())?;
    let endpoint = zos::create_endpoint().map_err(plain)?;
    let name = format!("pingpong-{}", zos::get_pid());
    zos::register_service(&name, endpoint.slot).map_err(plain)?;
    let rounds_text = rounds.to_string();
    let child_args = [CHILD, &name, &rounds_text, by.name()];
    let child = zos::spawn(factory, "pingpong", &child_args, SPAWN_SHARE_CONSOLE).map_err(plain)?;
    let elapsed_ns = match by {
        By::Call => serve_calls(endpoint.slot, rounds)?,
        By::Send => exchange(endpoint.slot, rounds)?,
    };
    report(rounds, by, elapsed_ns);
    let ending = zos::wait_for_exit(child.pid, |_| {}).map_err(plain)?;
    Ok(if ending.is_success() { 0 } else { 1 })
}

fn report(rounds: u64, by: By, elapsed_ns: u64) {
    let elapsed_ns = elapsed_ns.max(1);
    let messages_a_second = u128::from(rounds) * 2 * 1_000_000_000 / u128::from(elapsed_ns);
    let tenths_us = elapsed_ns / rounds / 100;
    zos::console_write(&format!(
        "{} round trips by {}: {} messages/s, {}.{} us each\n",
        rounds,
        by.name(),
        messages_a_second,
        tenths_us / 10,
        tenths_us % 10
    ));
}

/// The next message with `tag` on the endpoint.
fn next(slot: u32, tag: u32) -> Result<zos::Message, String> {
    match zos::receive_timeout(slot, PATIENCE_MS) {
        Ok(Some(message)) if message.tag == tag => Ok(message),
        Ok(Some(message)) => Err(format!("message {:#x} instead of {:#x}", message.tag, tag)),
        Ok(None) => Err("the other half is silent".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn check(message: &zos::Message, round: u64) -> Result<(), String> {
    if message.data == round.to_le_bytes() {
        Ok(())
    } else {
        Err(format!("round {} carries another number", round))
    }
}

/// Answers calls; the time runs from the first one received, so that no start-up is in it.
fn serve_calls(slot: u32, rounds: u64) -> Result<u64, String> {
    let mut started = 0;
    for round in 0..=rounds {
        let ping = next(slot, TAG_PING)?;
        if round == 0 {
            started = zos::time();
        }
        check(&ping, round)?;
        zos::reply(ping.from_pid, TAG_PONG, &ping.data).map_err(|error| error.to_string())?;
    }
    Ok(zos::time() - started)
}

fn exchange(slot: u32, rounds: u64) -> Result<u64, String> {
    next(slot, TAG_HELLO)?;
    let other = *zos::received_caps().first().ok_or("no capability came with the greeting")?;
    let started = zos::time();
    for round in 0..rounds {
        zos::send(other, TAG_PING, &round.to_le_bytes()).map_err(|error| error.to_string())?;
        check(&next(slot, TAG_PONG)?, round)?;
    }
    Ok(zos::time() - started)
}

/// The second process.
fn answerer(name: &str, rounds: u64, by: By) -> Result<(), Error> {
    let server = zos::lookup_service(name)?.ok_or(Error::NoEnt)?;
    match by {
        // One call more than rounds: the first one only starts the clock.
        By::Call => {
            for round in 0..=rounds {
                zos::call(server, TAG_PING, &round.to_le_bytes())?;
            }
        }
        By::Send => {
            let mine = zos::cap_derive(SLOT_OWN_ENDPOINT, Permissions::WRITE_GRANT, Limits::NONE)?;
            zos::send_cap(server, TAG_HELLO, &[], &[mine])?;
            for _ in 0..rounds {
                let ping = zos::receive_blocking(SLOT_OWN_ENDPOINT)?;
                zos::send(server, TAG_PONG, &ping.data)?;
            }
        }
    }
    Ok(())
}
