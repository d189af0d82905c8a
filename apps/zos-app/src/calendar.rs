//! The wall clock as a date, in UTC: guests know no time zone.

/// A moment of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    /// 0 for Monday.
    pub weekday: u32,
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
];

const SECONDS_A_DAY: u64 = 86_400;
const DAYS_IN_400_YEARS: i64 = 146_097;

impl DateTime {
    /// From milliseconds since the Unix epoch.
    pub fn from_unix_ms(milliseconds: u64) -> DateTime {
        let seconds = milliseconds / 1000;
        let (days, second) = ((seconds / SECONDS_A_DAY) as i64, (seconds % SECONDS_A_DAY) as u32);
        let (year, month, day) = civil_from_days(days);
        DateTime {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            // The epoch was a Thursday.
            weekday: ((days + 3) % 7) as u32,
        }
    }

    /// `12:34:56`.
    pub fn time_text(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `2026-11-23`.
    pub fn date_text(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `Monday, 23 November 2026`.
    pub fn long_date_text(&self) -> String {
        let (weekday, month) = (WEEKDAYS[self.weekday as usize], MONTHS[self.month as usize - 1]);
        format!("{}, {} {} {}", weekday, self.day, month, self.year)
    }
}

/// Year, month and day of a day counted from 1970-01-01. Years are taken to begin in March, so that the leap day is
/// the last of its year and months have a regular length (H. Hinnant, chrono-compatible date algorithms).
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = days.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: u64) -> String {
        let moment = DateTime::from_unix_ms(seconds * 1000);
        format!("{} {}", moment.long_date_text(), moment.time_text())
    }

    #[test]
    fn known_moments() {
        assert_eq!(text(0), "Thursday, 1 January 1970 00:00:00");
        assert_eq!(text(951_782_400), "Tuesday, 29 February 2000 00:00:00");
        assert_eq!(text(1_795_392_000 + 45_296), "Monday, 23 November 2026 12:34:56");
        assert_eq!(text(4_107_542_399), "Sunday, 28 February 2100 23:59:59");
        assert_eq!(text(4_107_542_400), "Monday, 1 March 2100 00:00:00");
        assert_eq!(DateTime::from_unix_ms(0).date_text(), "1970-01-01");
    }
}
