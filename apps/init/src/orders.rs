//! Programs to be started for somebody: orders that wait for a person's answer, and orders that were begun. Bounded
//! tables, without system calls.

const MAX_ASKED: usize = 64;
const MAX_BEGUN: usize = 64;

/// A program that has not come up by then never will: its name is unknown, or its module is broken.
const PATIENCE_NS: u64 = 10_000_000_000;

const LOOK_FOR_BEGUN_MS: u64 = 20;
const LOOK_FOR_ASKED_MS: u64 = 1000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who asked for it, as the kernel named it.
    pub caller: u32,
    pub name: String,
}

struct Begun {
    order: Order,
    /// The program's pid is above this one: pids rise and never return.
    after_pid: u32,
    until_ns: u64,
}

pub struct Orders {
    last_id: u32,
    asked: Vec<(u32, Order)>,
    begun: Vec<Begun>,
}

impl Orders {
    /// Numbers its questions from `first_id` on. One that an earlier run asked must not be taken for one of this run.
    pub fn starting_at(first_id: u32) -> Orders {
        Orders { last_id: first_id, asked: Vec::new(), begun: Vec::new() }
    }

    /// Keeps an order until it is answered; the number to ask under, `None` when there are too many.
    pub fn ask(&mut self, order: Order) -> Option<u32> {
        if self.asked.len() >= MAX_ASKED {
            return None;
        }
        self.last_id = self.last_id.wrapping_add(1);
        self.asked.push((self.last_id, order));
        Some(self.last_id)
    }

    /// The order that was asked under this number, which is not waited for any longer.
    pub fn answered(&mut self, id: u32) -> Option<Order> {
        let index = self.asked.iter().position(|(asked, _)| *asked == id)?;
        Some(self.asked.swap_remove(index).1)
    }

    /// Nobody will answer any more: the orders that waited for it.
    pub fn give_up_asked(&mut self) -> Vec<Order> {
        self.asked.drain(..).map(|(_, order)| order).collect()
    }

    /// Drops the questions of callers that ended; their prompts went with them.
    pub fn retain_callers(&mut self, is_alive: impl Fn(u32) -> bool) {
        self.asked.retain(|(_, order)| is_alive(order.caller));
    }

    pub fn has_room_to_begin(&self) -> bool {
        self.begun.len() < MAX_BEGUN
    }

    /// The command to start it was accepted when the newest process was `after_pid`.
    pub fn begin(&mut self, order: Order, after_pid: u32, now_ns: u64) {
        self.begun.push(Begun { order, after_pid, until_ns: now_ns.saturating_add(PATIENCE_NS) });
    }

    /// Orders that are settled by init's children as they are, oldest pid first, with their pids; `None` for one that
    /// has taken too long.
    pub fn settle(&mut self, children: &[(u32, String)], now_ns: u64) -> Vec<(Order, Option<u32>)> {
        let mut settled = Vec::new();
        let mut waiting: Vec<Begun> = Vec::new();
        let mut taken = Vec::new();
        for begun in self.begun.drain(..) {
            let is_it = |pid: u32, name: &str| pid > begun.after_pid && name == begun.order.name;
            let found = children.iter().find(|(pid, name)| is_it(*pid, name) && !taken.contains(pid));
            match found {
                Some((pid, _)) => {
                    taken.push(*pid);
                    settled.push((begun.order, Some(*pid)));
                }
                None if now_ns >= begun.until_ns => settled.push((begun.order, None)),
                None => waiting.push(begun),
            }
        }
        // Two orders for the same program: what one has got is not the other's.
        let newest = taken.into_iter().max().unwrap_or(0);
        for begun in &mut waiting {
            if settled.iter().any(|(order, _)| order.name == begun.order.name) {
                begun.after_pid = begun.after_pid.max(newest);
            }
        }
        self.begun = waiting;
        settled
    }

    pub fn is_any_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    pub fn is_any_begun(&self) -> bool {
        !self.begun.is_empty()
    }

    /// How long to wait for a message before looking again.
    pub fn look_again_ms(&self) -> u64 {
        match (self.is_any_begun(), self.is_any_asked()) {
            (true, _) => LOOK_FOR_BEGUN_MS,
            (false, true) => LOOK_FOR_ASKED_MS,
            (false, false) => u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(caller: u32, name: &str) -> Order {
        Order { caller, name: name.to_owned() }
    }

    fn children(rows: &[(u32, &str)]) -> Vec<(u32, String)> {
        rows.iter().map(|(pid, name)| (*pid, (*name).to_owned())).collect()
    }

    #[test]
    fn an_answer_belongs_to_one_order() {
        let mut orders = Orders::starting_at(41);
        assert_eq!(orders.look_again_ms(), u64::MAX);
        assert_eq!(orders.ask(order(7, "idle")), Some(42));
        assert_eq!(orders.ask(order(8, "clock")), Some(43));
        assert_eq!(orders.answered(41), None);
        assert_eq!(orders.answered(42), Some(order(7, "idle")));
        assert_eq!(orders.answered(42), None);
        assert_eq!(orders.give_up_asked(), [order(8, "clock")]);
        assert!(!orders.is_any_asked());
    }

    #[test]
    fn questions_are_bounded_and_die_with_their_callers() {
        let mut orders = Orders::starting_at(u32::MAX);
        for caller in 0..MAX_ASKED as u32 {
            assert_eq!(orders.ask(order(caller, "idle")), Some(caller));
        }
        assert_eq!(orders.ask(order(99, "idle")), None);
        orders.retain_callers(|caller| caller != 5);
        assert_eq!(orders.answered(5), None);
        assert!(orders.ask(order(99, "idle")).is_some());
    }

    #[test]
    fn a_program_that_was_there_before_is_not_the_one_started() {
        let mut orders = Orders::starting_at(0);
        orders.begin(order(7, "idle"), 9, 0);
        assert!(orders.settle(&children(&[(4, "idle"), (10, "clock")]), 1).is_empty());
        assert_eq!(orders.settle(&children(&[(4, "idle"), (12, "idle")]), 2), [(order(7, "idle"), Some(12))]);
        assert!(!orders.is_any_begun());
    }

    #[test]
    fn two_orders_for_one_program_get_two_pids() {
        let mut orders = Orders::starting_at(0);
        orders.begin(order(7, "idle"), 9, 0);
        orders.begin(order(8, "idle"), 9, 0);
        assert_eq!(orders.settle(&children(&[(10, "idle")]), 1), [(order(7, "idle"), Some(10))]);
        assert!(orders.settle(&children(&[(10, "idle")]), 2).is_empty());
        assert_eq!(orders.settle(&children(&[(10, "idle"), (11, "idle")]), 3), [(order(8, "idle"), Some(11))]);
    }

    #[test]
    fn patience_ends() {
        let mut orders = Orders::starting_at(0);
        orders.begin(order(7, "no such"), 9, 5);
        assert_eq!(orders.look_again_ms(), LOOK_FOR_BEGUN_MS);
        assert!(orders.settle(&[], PATIENCE_NS + 4).is_empty());
        assert_eq!(orders.settle(&[], PATIENCE_NS + 5), [(order(7, "no such"), None)]);
    }
}
