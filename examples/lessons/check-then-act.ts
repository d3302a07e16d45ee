// Two withdrawals from one account, which must not be overdrawn.
//
// Wrong: between looking at the balance and taking from it, others run: what was looked at holds no more. Fixed: what is decided by a look
// is done in the same step; here the money is set aside before anything waits.
import { go, WaitGroup, yieldNow } from "as-fibers/assembly";

class Account {
  balance: i32 = 100;
  done: WaitGroup = new WaitGroup();
}

/** Asks the bank, which takes a while. */
function approve(): void {
  yieldNow();
}

function withdraw(account: Account): void {
  if (account.balance >= 70) {
    approve();
    account.balance -= 70;
  }
  account.done.done();
}

function withdrawSafely(account: Account): void {
  if (account.balance >= 70) {
    account.balance -= 70;
    approve();
  }
  account.done.done();
}

/** The second one comes later. */
function later(account: Account): void {
  for (let i = 0; i < 2; i++) yieldNow();
  withdraw(account);
}

function laterSafely(account: Account): void {
  for (let i = 0; i < 2; i++) yieldNow();
  withdrawSafely(account);
}

export function wrong(): void {
  const account = new Account();
  account.done.add(2);
  go(withdraw, account, "rent");
  go(later, account, "groceries");
  account.done.wait();
  assert(account.balance >= 0, "the account is overdrawn");
}

export function fixed(): void {
  const account = new Account();
  account.done.add(2);
  go(withdrawSafely, account, "rent");
  go(laterSafely, account, "groceries");
  account.done.wait();
  assert(account.balance >= 0, "the account is overdrawn");
}

export function main(wrongly: bool = false): void {
  const version = wrongly ? wrong : fixed;
  version();
}
