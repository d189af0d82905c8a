//! Commands on processes: ps, run, spawn, kill.

use super::arguments::number;
use super::{Done, Failure};
use crate::complete::PROGRAMS;
use crate::shell::Shell;
use crate::table::{Align, Table};
use zos_process::abi::{OBJECT_PROCESS, SPAWN_LEND_INPUT, SPAWN_SHARE_CONSOLE, STATE_EXITED, STATE_RUNNING};
use zos_process::{self as zos, Error, Permissions, ProcessInfo, Spawned};

/// A longer list is of no use on a screen, and a machine may have thousands.
const MAX_ROWS: usize = 500;

pub fn ps(shell: &mut Shell, words: &[&str]) -> Done {
    let is_shown: fn(&ProcessInfo, &str) -> bool = match words {
        [] => |process, _| process.state != STATE_EXITED,
        ["all"] => |_, _| true,
        [_] => |process, name| process.name == name,
        _ => return Err(Failure::Usage),
    };
    let name = words.first().copied().unwrap_or("");
    let mut table = Table::new(&[
        ("PID", Align::Right),
        ("PARENT", Align::Right),
        ("STATE", Align::Left),
        ("MEMORY", Align::Right),
        ("NAME", Align::Left),
    ]);
    let (mut shown, mut left_out) = (0, 0);
    zos::for_each_process(|process| {
        if !is_shown(&process, name) {
            return;
        }
        if shown == MAX_ROWS {
            left_out += 1;
            return;
        }
        shown += 1;
        table.add(row(process));
    })?;
    shell.print(&table.render());
    if left_out > 0 {
        shell.print(&format!("and {} more; `ps NAME` lists those of one name\n", left_out));
    }
    Ok(())
}

fn row(process: ProcessInfo) -> Vec<String> {
    let state = match process.state {
        STATE_RUNNING => "running",
        STATE_EXITED => "ended",
        _ => "waiting",
    };
    vec![
        process.pid.to_string(),
        process.parent.to_string(),
        state.to_owned(),
        format!("{} KiB", process.memory_bytes / 1024),
        process.name,
    ]
}

/// Starts a program with the factory capability, which is asked for if the shell does not hold it.
fn start(shell: &mut Shell, words: &[&str], flags: u32) -> Result<Spawned, Failure> {
    let (program, arguments) = match words {
        [program, arguments @ ..] => (*program, arguments),
        [] => return Err(Failure::Usage),
    };
    // A person may be asked for it, which takes as long as it takes.
    shell.flush();
    let factory = zos::find_factory(&format!("start {}", program))?;
    if flags & SPAWN_SHARE_CONSOLE != 0 {
        shell.lend_console();
    }
    let child = zos::spawn(factory, program, arguments, flags).map_err(|error| match error {
        Error::NoEnt => Failure::Text(format!("{}: {}: no such program", program, error.name())),
        other => Failure::Kernel(other),
    })?;
    shell.add_child(child.pid, program);
    Ok(child)
}

pub fn spawn(shell: &mut Shell, words: &[&str]) -> Done {
    let child = start(shell, words, 0)?;
    shell.print(&format!("started as process {}\n", child.pid));
    Ok(())
}

/// The child writes to this console and reads its keys until it ends.
pub fn run(shell: &mut Shell, words: &[&str]) -> Done {
    let child = start(shell, words, SPAWN_SHARE_CONSOLE | SPAWN_LEND_INPUT)?;
    let mut meanwhile = Vec::new();
    let ending = zos::wait_for_exit(child.pid, |message| meanwhile.push(message.clone()))?;
    shell.child_ended(child.pid, ending.how, ending.code, true);
    for message in &meanwhile {
        shell.notice(message);
    }
    Ok(())
}

pub fn kill(shell: &mut Shell, words: &[&str]) -> Done {
    let pid = match words {
        [pid] => number(pid)?,
        _ => return Err(Failure::Usage),
    };
    let held = zos::find_cap(OBJECT_PROCESS, u64::from(pid), Permissions::WRITE).ok_or(Error::Perm)?;
    zos::kill(held.slot)?;
    shell.print(&format!("killed process {}\n", pid));
    Ok(())
}

/// What Tab offers as the first argument of a command.
pub fn names_for(command: &str) -> Vec<String> {
    match command {
        "run" | "spawn" => PROGRAMS.iter().map(|name| (*name).to_owned()).collect(),
        "ps" => {
            let mut names = vec!["all".to_owned()];
            let _ = zos::for_each_process(|process| {
                if names.len() < MAX_ROWS && !names.contains(&process.name) {
                    names.push(process.name);
                }
            });
            names
        }
        "kill" => {
            let held = zos::cap_list().unwrap_or_default().into_iter();
            let killable = held.filter(|held| held.object_type == OBJECT_PROCESS && held.object_id != 0);
            killable.map(|held| held.object_id.to_string()).collect()
        }
        "help" => super::COMMANDS.iter().map(|command| command.name.to_owned()).collect(),
        _ => Vec::new(),
    }
}
