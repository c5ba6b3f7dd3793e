/** Buttons, copying, dialogs, menus and choices: React Aria's behaviour with the console's styles. */
import { useEffect, useRef, useState, type ReactNode } from "react";
import {
  Button as AriaButton,
  Dialog as AriaDialog,
  Heading,
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  type ButtonProps as AriaButtonProps,
} from "react-aria-components";
import { announce } from "../app/announce";
import { withBase } from "../app/base";
import { Icon, type IconName } from "./marks";
import "./controls.css";

export type ButtonLook = "plain" | "primary" | "quiet" | "danger";

interface ButtonProps extends Omit<AriaButtonProps, "className" | "children"> {
  look?: ButtonLook;
  icon?: IconName;
  /** Visible text; none for an icon alone, which then needs `aria-label`. */
  children?: ReactNode;
  isSmall?: boolean;
}

export function Button({ look = "plain", icon, children, isSmall = false, ...rest }: ButtonProps) {
  const names = ["button", `button-${look}`, isSmall && "button-small", !children && "button-icon"].filter(Boolean).join(" ");
  return (
    <AriaButton {...rest} className={names}>
      {icon && <Icon name={icon} />}
      {children}
    </AriaButton>
  );
}

/** Download a URL as a file. */
export function download(address: string): void {
  const anchor = document.createElement("a");
  anchor.href = withBase(address);
  anchor.download = "";
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

/** Copy text to the clipboard, also where the Clipboard API is not allowed (a page without TLS). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    // `execCommand` is the only way outside a secure context.
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function CopyButton({ text, label = "Copy", isSmall = true, look = "plain" }: { text: string | (() => string); label?: string; isSmall?: boolean; look?: ButtonLook }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    const done = await copyText(typeof text === "string" ? text : text());
    announce(done ? "Copied" : "The browser did not allow copying");
    setCopied(done);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 1600);
  };
  return (
    <Button look={look} isSmall={isSmall} icon={copied ? "check" : "copy"} onPress={() => void copy()}>
      {copied ? "Copied" : label}
    </Button>
  );
}

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  /** `drawer` slides in from the right and leaves the page visible. */
  look?: "dialog" | "drawer" | "palette";
  isWide?: boolean;
  /** Buttons at the bottom. */
  foot?: ReactNode;
}

export function Dialog({ title, isOpen, onClose, children, look = "dialog", isWide = false, foot }: DialogProps) {
  return (
    <ModalOverlay className={`veil veil-${look}`} isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable>
      <Modal className={`modal modal-${look}${isWide ? " modal-wide" : ""}`}>
        <AriaDialog className="dialog" {...(look === "palette" ? { "aria-label": title } : {})}>
          {look !== "palette" && (
            <header className="dialog-head">
              <Heading slot="title" level={2}>
                {title}
              </Heading>
              <Button look="quiet" icon="close" aria-label="Close" onPress={onClose} />
            </header>
          )}
          <div className="dialog-body">{children}</div>
          {foot && <footer className="dialog-foot">{foot}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface MenuChoice {
  id: string;
  label: string;
  icon?: IconName;
  hint?: string;
  isChosen?: boolean;
  run: () => void;
}

/** A button with a menu of actions. */
export function Menu({ label, choices, children, look = "quiet" }: { label: string; choices: readonly MenuChoice[]; children: ReactNode; look?: ButtonLook }) {
  return (
    <MenuTrigger>
      <AriaButton className={`button button-${look}`} aria-label={label}>
        {children}
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <AriaMenu className="menu" aria-label={label} items={choices}>
          {(choice) => (
            <AriaMenuItem className="menu-item" id={choice.id} textValue={choice.label} onAction={choice.run}>
              {choice.icon ? <Icon name={choice.icon} /> : <span className="icon" />}
              <span>{choice.label}</span>
              {choice.hint && <span className="soft small">{choice.hint}</span>}
              {choice.isChosen && <Icon name="check" className="icon menu-chosen" aria-label="chosen" />}
            </AriaMenuItem>
          )}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export interface Option<T extends string> {
  value: T;
  label: string;
  count?: number | undefined;
}

/** A choice among a few options that are all visible. */
export function Segments<T extends string>({ label, options, value, onChange }: { label: string; options: readonly Option<T>[]; value: T; onChange: (value: T) => void }) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          className="segment"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
          {option.count !== undefined && <span className="segment-count">{option.count.toLocaleString("en-GB")}</span>}
        </button>
      ))}
    </div>
  );
}
