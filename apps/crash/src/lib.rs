//! Ends in every way a program can end: `crash KIND` (seed: Panic Handling; kernel: Processes).
//!
//! Each way is one small function under its own name, because the name is what a fault shows.

mod ways;

use zos_process as zos;

struct Way {
    name: &'static str,
    what: &'static str,
    run: fn(),
}

const WAYS: [Way; 14] = [
    Way { name: "unreachable", what: "executes `unreachable`", run: ways::unreachable },
    Way { name: "div0", what: "divides an integer by zero", run: ways::divide_by_zero },
    Way { name: "overflow", what: "divides the least integer by -1", run: ways::overflow },
    Way { name: "conversion", what: "makes an integer of a float that is no number", run: ways::conversion },
    Way { name: "memory", what: "reads behind its memory", run: ways::outside_memory },
    Way { name: "table", what: "calls through an index behind its table", run: ways::outside_table },
    Way { name: "null", what: "calls through an empty element of its table", run: ways::empty_element },
    Way { name: "signature", what: "calls a function by another type", run: ways::wrong_signature },
    Way { name: "stack", what: "calls itself without end", run: ways::exhaust_calls },
    Way { name: "statics", what: "overflows the stack of its own memory", run: ways::exhaust_stack },
    Way { name: "pointer", what: "hands the kernel a range outside its memory", run: ways::bad_pointer },
    Way { name: "panic", what: "panics", run: ways::panic },
    Way { name: "loop", what: "computes without end", run: ways::endless },
    Way { name: "fill", what: "fills 32 MiB with single instructions, without end", run: ways::fill },
];

zos::entry!(main);

fn main() -> i32 {
    let args = zos::args();
    let argument = |index: usize| args.get(index).map(String::as_str);
    if let (Some("exit"), Some(code)) = (argument(1), argument(2).and_then(|text| text.parse().ok())) {
        return code;
    }
    match argument(1).and_then(|name| WAYS.iter().find(|way| way.name == name)) {
        Some(way) => {
            (way.run)();
            zos::console_write("still here\n");
            3
        }
        None => {
            usage();
            2
        }
    }
}

fn usage() {
    let mut text = String::from("usage: crash KIND\n");
    for way in &WAYS {
        text.push_str(&format!("  {:<12} {}\n", way.name, way.what));
    }
    text.push_str("  exit CODE    exits with a code\n");
    zos::console_write(&text);
}
